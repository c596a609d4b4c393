"""The migration from a row an event to a row a batch, forwards and back, on either database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from readerstudy.reads import packing, triggers
from tests import cast
from tests.integration.reads.test_at_once import running, sit

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE = [("reads", "0002_questionnaires_qualification_reminders")]
AFTER = [("reads", "0003_packed_events")]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
COLUMNS = (
    "event_id", "tab", "seq", "fence", "kind", "mono_ms", "wall_ms", "payload", "digest",
    "received_at", "is_applied",
)  # fmt: skip


@pytest.fixture
def read_id() -> Iterator[Any]:
    """A read with a first batch, on the tables of before; the tables of now come back."""
    people = cast.people()
    tab = sit(people.rae, running(people))
    tab.open()
    tab.does("first_render")
    tab.mark()
    tab.flush()
    to(BEFORE)
    yield tab.read_id
    to_now()


def to_now() -> None:
    """Migrate to the tables of now, without the triggers that hinder the emptying after a test."""
    to(MigrationExecutor(connection).loader.graph.leaf_nodes("reads"))
    with connection.cursor() as cursor:
        for statement in triggers.removals(connection.vendor):
            if "_no_delete" in statement:
                cursor.execute(statement)


def to(target: list[tuple[str, str]]) -> Any:
    """Migrate there; answers the models of that time."""
    executor = MigrationExecutor(connection)
    executor.migrate(target)
    return MigrationExecutor(connection).loader.project_state(target).apps


def models(target: list[tuple[str, str]]) -> Any:
    """The models of a time."""
    return MigrationExecutor(connection).loader.project_state(target).apps


def events(read_id: Any) -> list[tuple[Any, ...]]:
    """The rows of before, in the order in which they came."""
    found = models(BEFORE).get_model("reads", "Event").objects.filter(read=read_id)
    return list(found.order_by("id").values_list(*COLUMNS))


def add(read_id: Any, tab: Any, seqs: list[int], **common: Any) -> None:
    """Events of before, as one batch."""
    event = models(BEFORE).get_model("reads", "Event")
    made = []
    for seq in seqs:
        sent = {
            "event_id": uuid4(), "seq": seq, "kind": "scroll", "mono_ms": 0.1 * seq,
            "wall_ms": 1_790_000_000_000 + seq, "payload": {"slice": seq, "zero": -0.0},
        }  # fmt: skip
        digest = packing.digest_of(sent)
        made.append(event(read_id=read_id, tab=tab, digest=digest, **sent, **common))
    event.objects.bulk_create(made)


def test_events_of_before_are_packed_without_a_loss_and_back(read_id: Any) -> None:
    tab, other = uuid4(), uuid4()
    late = {"fence": 2, "received_at": NOON, "is_applied": True}
    add(read_id, tab, [3, 1, 2, 5], **late)
    add(read_id, other, [1, 2], **(late | {"fence": 1, "is_applied": False}))
    add(read_id, tab, [4], **(late | {"received_at": NOON + timedelta(days=1)}))
    before = events(read_id)
    assert len(before) == 3 + 7
    apps = to(AFTER)
    rows = apps.get_model("reads", "Batch").objects.filter(read=read_id).order_by("id")
    assert [(row.tab, row.first_seq, row.count) for row in rows][1:] == [
        (tab, 1, 3), (tab, 5, 1), (other, 1, 2), (tab, 4, 1),
    ]  # fmt: skip
    # PostgreSQL had forgotten the sign of a zero: the digest is kept and said to be so.
    exact = [each.is_exact for each in packing.unpacked(1, rows[1].keys, bytes(rows[1].body))]
    assert exact == [connection.vendor == "sqlite"] * 3
    assert "reads_event" not in connection.introspection.table_names()
    to(BEFORE)
    again = events(read_id)
    assert sorted(again, key=str) == sorted(before, key=str)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE reads_event SET kind = 'zoom'")


def test_a_digest_that_packing_cannot_keep_stops_the_migration(read_id: Any) -> None:
    """Nothing is changed then, and the table of before is there."""
    event = models(BEFORE).get_model("reads", "Event")
    event.objects.bulk_create(
        [
            event(
                read_id=read_id, tab=uuid4(), seq=1, event_id=uuid4(), kind="scroll", mono_ms=1.0,
                wall_ms=1, payload={}, digest="AB" * 8, received_at=NOON,
            )
        ]
    )  # fmt: skip
    before = events(read_id)
    with pytest.raises(RuntimeError, match="nothing is changed"):
        to(AFTER)
    assert events(read_id) == before
    tables = connection.introspection.table_names()
    assert ("reads_event" in tables, "reads_batch" in tables) == (True, False)
    with connection.cursor() as cursor:
        for statement in triggers.removals(connection.vendor):
            cursor.execute(statement)
        cursor.execute("DROP TRIGGER IF EXISTS reads_event_no_delete" + on("reads_event"))
        cursor.execute("DROP TRIGGER IF EXISTS reads_event_no_change" + on("reads_event"))
    event.objects.filter(digest="AB" * 8).delete()


def on(table: str) -> str:
    """Where a trigger is, in PostgreSQL's words."""
    return f" ON {table}" if connection.vendor == "postgresql" else ""
