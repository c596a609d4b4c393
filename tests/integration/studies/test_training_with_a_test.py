"""A test at the end of training, in the protocol: copied, exported, locked; and none before."""

import pytest

from readerstudy.studies import integrity, protocol, services
from readerstudy.studies.models import ProtocolVersion, Study
from readerstudy.studies.selectors import definition
from readerstudy.web.problems import Problem
from tests import kept
from tests.cast import PASSWORD, People

pytestmark = pytest.mark.django_db


def test_r10_a_test_at_the_end_of_training_is_copied_exported_and_locked(people: People) -> None:
    study = kept.draft_study(people, n_training=3)
    services.set_pass_mark(study, percent=50, tests=2, by=people.cora)
    copy = services.copy_study(study, name="Again", by=people.cora)
    text = services.export_protocol(study, by=people.cora)
    read = services.import_protocol(text=text, by=people.cora)
    for each in (study, copy, read):
        found = definition(Study.objects.get(pk=each.pk))
        assert (found.pass_mark_percent, found.training_cases, found.test_cases) == (50, 0, 2)
    before = text.replace("protocol 4", "protocol 3").replace("test_cases: 2\n", "")
    old = services.import_protocol(text=before, by=people.cora)
    assert (old.pass_mark_percent, old.test_cases) == (50, 0)
    services.lock(study, password=PASSWORD, by=people.cora)
    study.refresh_from_db()
    assert study.protocol_versions.get().document["test_cases"] == 2
    with pytest.raises(Problem) as refused:
        services.set_pass_mark(study, percent=50, by=people.cora)
    assert (refused.value.status, refused.value.code) == (409, "studies.state")
    assert integrity.check(study) == []
    Study.objects.update(test_cases=0)
    assert any("test_cases" in words for words in integrity.check(study))


def test_r10_a_study_locked_before_there_were_tests_has_none(people: People) -> None:
    """Its document does not say, and nothing is found changed."""
    study = kept.locked_study(people)
    version = study.protocol_versions.get()
    document = {name: each for name, each in version.document.items() if name != "test_cases"}
    assert len(document) == len(version.document) - 1
    sha256 = protocol.sha256(document)
    ProtocolVersion.objects.filter(pk=version.pk).update(document=document, sha256=sha256)
    assert integrity.check(Study.objects.get(pk=study.pk)) == []
