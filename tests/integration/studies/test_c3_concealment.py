"""No page or answer tells anybody at the desk an arm that was allocated, nor strangers a study.

Every address of the URL configuration is walked, those that others add later too.
"""

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from readerstudy.accounts.models import User
from readerstudy.studies.allocation import Allocation, AllocationList
from readerstudy.studies.models import Study
from tests import factories, kept
from tests.cast import People

pytestmark = pytest.mark.once

BACKEND = "django.contrib.auth.backends.ModelBackend"
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


def patterns(resolver: Any, before: str = "/") -> Iterator[str]:
    """Every address, as "/studies/<uuid:study_id>/"."""
    for each in resolver.url_patterns:
        here = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from patterns(each, here)
        elif isinstance(each, URLPattern):
            yield here


def addresses(study: Study, *, only_of_studies: bool = False) -> list[str]:
    """Every address with the study's own ids filled in."""
    case, reader = study.cases.first(), study.readers.first()
    assert case is not None
    assert reader is not None
    values = {
        "study_id": study.pk,
        "case_id": case.pk,
        "reader_id": reader.pk,
        "examination_id": case.examination_id,
        "collection_id": study.collection_id,
    }
    found = [
        PARAMETER.sub(lambda match: str(values.get(match[1], uuid.uuid4())), pattern)
        for pattern in patterns(get_resolver())
        if not only_of_studies or "study_id" in pattern
    ]
    assert any(str(study.pk) in address for address in found)
    return found


def client_of(user: User | None) -> Client:
    client = Client(raise_request_exception=False)
    if user:
        client.force_login(user, backend=BACKEND)
    return client


TOKEN = re.compile(r'"X-CSRFToken": "\w{64}"')


def body(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode(errors="replace")


def secrets_of(study: Study) -> set[str]:
    made = AllocationList.objects.get(study=study)
    ids = Allocation.objects.filter(list=made).values_list("pk", flat=True)
    return {made.seed, str(made.pk), *map(str, ids)}


@pytest.mark.parametrize("who", ["cora", "stan", "ada", "rae"])
def test_c3_nobody_is_shown_the_allocation_before_unblinding(people: People, who: str) -> None:
    study = kept.running_study(people)
    hidden, client = secrets_of(study), client_of(getattr(people, who))
    sequence = re.compile(r"\b(AB|BA)\b")
    for address in addresses(study):
        answer = client.get(address)
        assert answer.status_code < 500, address
        text = body(answer)
        assert not [secret for secret in hidden if secret in text], address
        for reader in study.readers.all():
            for line in text.splitlines():
                told = reader.code in line and sequence.search(line)
                assert not told, f"{address}: {line.strip()[:120]}"


def answers(client: Client, address: str) -> list[tuple[int, str]]:
    """Status and text of a GET and of an empty POST, without the address and the CSRF token.

    The token is masked anew for every answer, whatever the answer is.
    """
    as_json = {"content_type": "application/json"} if address.startswith("/api/") else {}
    got = (client.get(address), client.post(address, {}, **as_json))
    texts = [TOKEN.sub("", body(each).replace(address, "")) for each in got]
    return [(each.status_code, text) for each, text in zip(got, texts, strict=True)]


@pytest.mark.fault("F3")
@pytest.mark.fault("G1")
@pytest.mark.parametrize("who", ["mallory", "max", "tess"])
def test_g1_a_study_of_others_answers_as_one_that_is_not_there(people: People, who: str) -> None:
    """A5: every role, every address: another's study is as unknown as a random id."""
    study = kept.running_study(people)
    factories.other_study(people)
    client = client_of(getattr(people, who))
    for address in addresses(study, only_of_studies=True):
        there = answers(client, address)
        nowhere = answers(client, address.replace(str(study.pk), str(uuid.uuid4())))
        assert there == nowhere, address
        assert all(400 <= status < 500 for status, _ in there), (address, there)


@pytest.mark.fault("G1")
def test_g1_without_a_session_no_address_tells_of_a_study(people: People) -> None:
    study = kept.running_study(people)
    client = client_of(None)
    for address in addresses(study, only_of_studies=True):
        answer = client.get(address)
        assert answer.status_code in (302, 401, 403, 404, 405), (address, answer.status_code)
        assert study.name not in body(answer)
