"""The record in the database: written with its change, refused without, verified, exported."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.utils import IntegrityError
from django.utils import timezone

from readerstudy.audit import selectors, triggers
from readerstudy.audit.chain import Head, Tampering
from readerstudy.audit.models import Entry
from readerstudy.audit.services import record, record_view
from readerstudy.studies import services as studies
from tests import factories, kept
from tests.cast import People


def chain_of_study(people: People) -> str:
    """A chain of a dozen entries, made by real changes."""
    return str(kept.draft_study(people).pk)


def found(chain: str, *kept: Head) -> list[tuple[int, Tampering]]:
    """What verification finds in the chain itself."""
    breaks = selectors.verify(chain, kept=kept)
    return [
        (each.number, each.tampering) for each in breaks if each.tampering != Tampering.TRIGGER_OFF
    ]


@pytest.fixture
def tamper(db: None) -> Any:
    """Write to the table as somebody who owns the database: around every service and trigger."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
    yield lambda chain: Entry.objects.filter(chain=chain)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER USER")


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_outside_the_transaction_of_its_change() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        record("x.y", subject="x:1", by=None)
    assert not Entry.objects.exists()


def test_a_change_that_fails_leaves_no_entry_and_no_gap(people: People) -> None:
    study = studies.create_study(name="S", by=people.cora)
    before = Entry.objects.filter(chain=str(study.pk)).count()

    @transaction.atomic
    def fail() -> None:
        studies.describe(study, name="T", summary="", by=people.cora)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert Entry.objects.filter(chain=str(study.pk)).count() == before
    studies.describe(study, name="T", summary="", by=people.cora)
    assert found(str(study.pk)) == []


def test_every_chain_of_a_busy_platform_holds(people: People) -> None:
    study = kept.running_study(people)
    factories.other_study(people)
    record_view("results.view", subject="analysis:1", by=people.stan, study=study.pk)
    chains = set(Entry.objects.values_list("chain", flat=True))
    assert {head.chain for head in selectors.heads()} == chains
    assert {"platform", str(study.pk)} < chains
    breaks = selectors.verify(kept=selectors.heads())
    assert [each for each in breaks if each.tampering != Tampering.TRIGGER_OFF] == []


@pytest.mark.parametrize(
    "detail",
    [
        {"value": 1e22, "small": 1e-7, "half": 0.5, "whole": 3.0, "huge": 10**30},
        {"text": "nul \0 and “quotes” 中文 🧠", "nested": [{"a": None}, [True]]},
        {"infinite": float("inf"), "none": float("nan")},
        {"when": timezone.now()},
    ],
)
@pytest.mark.django_db
def test_any_detail_verifies_after_a_round_trip_through_the_database(
    detail: dict[str, Any],
) -> None:
    record_view("x.y", subject="x:1", by=None)
    with transaction.atomic():
        record("x.z", subject="x:1", by=None, detail=detail)
    assert found("platform") == []


@pytest.mark.fault("H1")
def test_h1_an_edited_row_is_named(people: People, tamper: Any) -> None:
    chain = chain_of_study(people)
    tamper(chain).filter(number=4).update(actor="mallory")
    assert found(chain) == [(4, Tampering.EDITED)]


@pytest.mark.fault("H1")
def test_h1_a_deleted_row_is_named(people: People, tamper: Any) -> None:
    chain = chain_of_study(people)
    tamper(chain).filter(number=4).delete()
    assert found(chain) == [(4, Tampering.DELETED)]


@pytest.mark.fault("H1")
def test_h1_swapped_rows_are_named(people: People, tamper: Any) -> None:
    chain = chain_of_study(people)
    for number, other in ((4, 1000), (6, 4), (1000, 6)):
        tamper(chain).filter(number=number).update(number=other)
    assert found(chain) == [(4, Tampering.SWAPPED), (6, Tampering.SWAPPED)]


@pytest.mark.fault("H1")
def test_h1_an_inserted_row_is_named(people: People, tamper: Any) -> None:
    chain = chain_of_study(people)
    for entry in tamper(chain).filter(number__gte=4).order_by("-number"):
        tamper(chain).filter(pk=entry.pk).update(number=entry.number + 1)
    forged = tamper(chain).get(number=3)
    forged.pk, forged.number, forged.hash = None, 4, "5" * 64
    forged.save(force_insert=True)
    assert (4, Tampering.INSERTED) in found(chain)
    assert {kind for _, kind in found(chain)} == {Tampering.INSERTED}


@pytest.mark.fault("H1")
def test_h1_a_cut_tail_is_found_against_the_kept_head(people: People, tamper: Any) -> None:
    chain = chain_of_study(people)
    (head,) = selectors.heads(chain)
    tamper(chain).filter(number__gt=head.number - 2).delete()
    assert found(chain) == []
    assert found(chain, head) == [(head.number - 1, Tampering.TRUNCATED)]


@pytest.mark.postgres
@pytest.mark.fault("H1")
def test_h1_a_trigger_that_was_switched_off_is_named(people: People, tamper: Any) -> None:
    names = {each.words for each in selectors.verify() if each.tampering == "trigger off"}
    assert any("audit_entry_no_change" in words for words in names)


@pytest.mark.postgres
@pytest.mark.fault("D12")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor = 'mallory'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry CASCADE",
    ],
)
def test_a1_postgresql_refuses_to_change_or_remove_entries(people: People, statement: str) -> None:
    with connection.schema_editor() as editor:
        triggers.install(None, editor)  # where the role is no superuser, one is lifted
    before = Entry.objects.count()
    refused = pytest.raises(IntegrityError, match="never changed or removed")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Entry.objects.count() == before > 0
    assert selectors.verify() == []


@pytest.mark.postgres
def test_the_migration_can_be_undone(db: None) -> None:
    with connection.schema_editor() as editor:
        triggers.remove(None, editor)
    assert len(selectors.verify()) == 2
    with connection.schema_editor() as editor:
        triggers.install(None, editor)
    assert selectors.verify() == []


def test_verify_audit_says_what_was_done(
    people: People, tamper: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain = chain_of_study(people)
    heads, lines = tmp_path / "heads.json", tmp_path / "audit.jsonl"
    call_command("export_audit", "--heads")
    heads.write_text(capsys.readouterr().out)
    call_command("export_audit", "--study", chain)
    lines.write_text(capsys.readouterr().out)
    assert {head["chain"] for head in json.loads(heads.read_text())} == {"platform", chain}
    call_command("verify_audit", "--lines", str(lines))
    assert "Every entry holds" in capsys.readouterr().out
    tamper(chain).filter(number=4).update(reason="because")
    with pytest.raises(CommandError, match="4: edited"):
        call_command("verify_audit")
    tamper(chain).filter(number__gte=4).delete()
    with pytest.raises(CommandError, match="truncated"):
        call_command("verify_audit", "--heads", str(heads))
    with pytest.raises(CommandError, match="does not hold heads"):
        call_command("verify_audit", "--heads", str(lines))


@pytest.mark.parametrize("option", ["--heads", "--anchor", "--lines"])
@pytest.mark.parametrize("kept", [None, b"\x00\xff{", b"[1, 2]", b"{", b"["])
def test_verify_audit_says_of_a_file_that_it_is_none_of_its_own(
    db: None, tmp_path: Path, option: str, kept: bytes | None
) -> None:
    path = tmp_path / "kept"
    if kept is not None:
        path.write_bytes(kept)
    with pytest.raises(CommandError, match=str(path)):
        call_command("verify_audit", option, str(path))


def test_the_trail_is_searched_newest_first(people: People) -> None:
    study = kept.draft_study(people)
    studies.withdraw_reader(study.readers.get(code="R01"), reason="Moved away", by=people.cora)
    trail = selectors.entries(study=study.pk)
    assert [entry.number for entry in trail][:2] == [trail.count(), trail.count() - 1]
    assert (
        selectors.entries(study=study.pk, words="moved").get().action == "studies.withdraw_reader"
    )
    assert selectors.entries(study=study.pk, action="studies.set_").count() == 4
    assert not selectors.entries(study=study.pk, actor="mallory").exists()
    assert selectors.entries().filter(action="accounts.create_user").count() == 9
