"""A row an event becomes a row a batch, nothing lost; and back (decision 0015)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import django.db.models.deletion
from django.db import migrations, models

from readerstudy.audit.chain import canonical
from readerstudy.reads import packing, triggers

EVENT_COLUMNS = (
    "read_id", "event_id", "tab", "seq", "fence", "kind", "mono_ms", "wall_ms", "payload",
    "digest", "received_at",
)  # fmt: skip
AT_ONCE = 500


class Together(NamedTuple):
    """What the events of one batch have in common."""

    tab: UUID
    fence: int
    received_at: datetime
    is_applied: bool


def pack(apps: Any, schema_editor: Any) -> None:
    """Pack each read's events; one read in memory at a time, each compared with what it was."""
    # Who still runs the version before waits here, and then finds no table: nothing is
    # acknowledged that this does not see.
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("LOCK TABLE reads_event IN ACCESS EXCLUSIVE MODE")
    event, batch, read = (apps.get_model("reads", name) for name in ("Event", "Batch", "Read"))
    packed = 0
    for (read_id,) in read.objects.order_by("opened_at", "id").values_list("id").iterator():
        events = list(event.objects.filter(read=read_id).order_by("id"))
        rows = [batch(read_id=read_id, **fields) for fields in _batches(events)]
        _compare(events, rows)
        batch.objects.bulk_create(rows, batch_size=AT_ONCE)
        packed += sum(row.count for row in rows)
    if packed != event.objects.count():
        raise RuntimeError("Not every event was packed: nothing is changed.")


def _batches(events: list[Any]) -> Iterator[dict[str, Any]]:
    """The rows of one read's events, in the order in which they came."""
    found: dict[Together, dict[int, Any]] = {}
    for each in events:
        together = Together(each.tab, each.fence, each.received_at, each.is_applied)
        found.setdefault(together, {})[each.seq] = each
    for together, by_seq in found.items():
        for first, count in packing.runs(sorted(by_seq)):
            run = [by_seq[seq] for seq in range(first, first + count)]
            sent = [_sent(each) for each in run]
            inexact = [
                at
                for at, (each, one) in enumerate(zip(run, sent, strict=True))
                if packing.digest_of(one) != each.digest
            ]
            yield {
                **together._asdict(),
                "first_seq": first,
                "count": count,
                "keys": packing.keys_of((each.event_id, each.digest) for each in run),
                "body": packing.body_of(sent, inexact=inexact),
            }


def _sent(event: Any) -> dict[str, Any]:
    names = ("event_id", "seq", "kind", "mono_ms", "wall_ms", "payload")
    return {name: getattr(event, name) for name in names}


def _compare(events: list[Any], rows: list[Any]) -> None:
    """Unpack what was packed and compare every member."""
    before = {
        (each.tab, each.seq): canonical(
            [_sent(each), each.digest, each.fence, each.received_at, each.is_applied]
        )
        for each in events
    }
    after = {
        (row.tab, each.seq): canonical(
            [_sent(each), each.digest, row.fence, row.received_at, row.is_applied]
        )
        for row in rows
        for each in packing.unpacked(row.first_seq, row.keys, row.body)
    }
    if before != after:
        raise RuntimeError("Packed events are not what they were: nothing is changed.")


def unpack(apps: Any, schema_editor: Any) -> None:
    """Give each event its row again, for a return to the version before."""
    event, batch = (apps.get_model("reads", name) for name in ("Event", "Batch"))
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("LOCK TABLE reads_batch IN ACCESS EXCLUSIVE MODE")
    for row in batch.objects.order_by("id").iterator(chunk_size=AT_ONCE):
        kept = packing.unpacked(row.first_seq, bytes(row.keys), bytes(row.body))
        event.objects.bulk_create(
            event(
                read_id=row.read_id, tab=row.tab, fence=row.fence, received_at=row.received_at,
                is_applied=row.is_applied, digest=each.digest, **_sent(each),
            )
            for each in kept
        )  # fmt: skip
    vendor = schema_editor.connection.vendor
    for statement in triggers.guards(vendor, "reads_event", EVENT_COLUMNS):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("reads", "0002_questionnaires_qualification_reminders"),
    ]

    operations = [
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("tab", models.UUIDField()),
                ("first_seq", models.PositiveIntegerField()),
                ("count", models.PositiveSmallIntegerField()),
                ("fence", models.PositiveIntegerField(default=0)),
                ("keys", models.BinaryField()),
                ("body", models.BinaryField()),
                ("received_at", models.DateTimeField()),
                ("is_applied", models.BooleanField(default=False)),
                (
                    "read",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="batches",
                        to="reads.read",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("read", "tab", "first_seq"), name="reads_batch_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("count__gte", 1), ("first_seq__gte", 1)),
                        name="reads_batch_not_empty",
                    ),
                ],
            },
        ),
        migrations.RunPython(triggers.install, migrations.RunPython.noop),
        migrations.RunPython(pack, unpack),
        migrations.DeleteModel(name="Event"),
    ]
