"""The database itself refuses to change what was signed, and any event (D8, D12).

* A batch of events is never changed (but for `is_applied`) and never deleted, and none takes a
  place in its tab's order that is taken.
* Marks, answers and decisions of a submitted read are not added, changed or deleted.
* What a submission fixed in its read stays; the read may only be voided. No read is deleted.
* A signature is never changed or deleted; neither are the answers to a questionnaire.

A later migration that makes SQLite build one of these tables anew drops its triggers: call
`install` again at its end.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

DRAFTS = ("reads_mark", "reads_answer", "reads_decision")
FIXED = {
    "reads_batch": (
        "read_id", "tab", "first_seq", "count", "fence", "keys", "body", "received_at",
    ),
    "reads_signature": ("read_id", "by_id", "name", "meaning", "sha256", "at"),
    "reads_read": (
        "allocation_id", "stage", "attempt", "reader_id", "case_id", "arm_id", "period",
        "opened_at", "protocol_version_id", "submitted_at", "submit_key", "submit_reply",
        "active_ms", "timing", "no_lesion_said", "is_simulated", "ai_from",
    ),
    "reads_questionnairereply": (
        "reader_id", "key", "answers", "protocol_version_id", "at",
    ),
}  # fmt: skip
WORDS = {
    "reads_batch": "events are never changed",
    "reads_event": "events are never changed",  # the table of before, for a way back
    "reads_signature": "signatures are never changed",
    "reads_read": "a submitted read is never changed, only voided",
    "reads_questionnairereply": "answers to a questionnaire are never changed",
}
DELETE_TRIGGERS = tuple(f"{table}_no_delete" for table in (*FIXED, *DRAFTS))
VERBS = (("insert", "INSERT", "NEW"), ("change", "UPDATE", "NEW"), ("delete", "DELETE", "OLD"))
_FUNCTIONS = (
    """
    CREATE OR REPLACE FUNCTION reads_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION USING ERRCODE = 'restrict_violation', MESSAGE = TG_ARGV[0];
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION reads_refuse_signed() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE row_ record;
    BEGIN
        row_ := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
        IF EXISTS (SELECT 1 FROM reads_read
                   WHERE id = row_.read_id AND submitted_at IS NOT NULL) THEN
            RAISE EXCEPTION 'what was signed is never changed'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN row_;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION reads_refuse_overlap() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM reads_batch b
                   WHERE b.read_id = NEW.read_id AND b.tab = NEW.tab
                     AND b.first_seq < NEW.first_seq + NEW.count
                     AND b.first_seq + b.count > NEW.first_seq) THEN
            RAISE EXCEPTION 'an event''s place is taken' USING ERRCODE = 'unique_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
)
_OVERLAPS = """EXISTS (SELECT 1 FROM reads_batch b
    WHERE b.read_id = NEW.read_id AND b.tab = NEW.tab
      AND b.first_seq < NEW.first_seq + NEW."count" AND b.first_seq + b."count" > NEW.first_seq)"""


def _names() -> list[tuple[str, str]]:
    """Each trigger and its table."""
    changes = [(f"{table}_no_change", table) for table in FIXED]
    drafts = [(f"{table}_no_{verb}", table) for table in DRAFTS for verb in ("insert", "change")]
    return [
        ("reads_batch_no_overlap", "reads_batch"),
        *changes,
        *drafts,
        *((name, name.removesuffix("_no_delete")) for name in DELETE_TRIGGERS),
    ]


def install(_apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the triggers of the tables that there are at this migration."""
    connection = schema_editor.connection
    for statement in statements(connection.vendor, _present(connection)):
        schema_editor.execute(statement)


def remove(_apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Undo `install`."""
    for statement in removals(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def statements(vendor: str, fixed: Mapping[str, Sequence[str]] = FIXED) -> list[str]:
    """What makes the triggers anew, in the words of the database."""
    make = _postgres if vendor == "postgresql" else _sqlite
    return [*removals(vendor), *make(fixed)]


def removals(vendor: str) -> list[str]:
    """What drops them."""
    is_postgres = vendor == "postgresql"
    return [
        f"DROP TRIGGER IF EXISTS {name}" + (f" ON {table}" if is_postgres else "")
        for name, table in _names()
    ]


def _present(connection: Any) -> dict[str, tuple[str, ...]]:
    """`FIXED` as far as its tables and columns were made by now."""
    there = connection.introspection.table_names()
    found = {}
    with connection.cursor() as cursor:
        for table in [each for each in FIXED if each in there]:
            rows = connection.introspection.get_table_description(cursor, table)
            columns = {row.name for row in rows}
            found[table] = tuple(each for each in FIXED[table] if each in columns)
    return found


def _changed(table: str, columns: Sequence[str], differs: str) -> str:
    """What must not happen in an update of a row of `FIXED`."""
    changes = " OR ".join(f"NEW.{each} {differs} OLD.{each}" for each in columns)
    if table != "reads_read":
        return changes
    left = "NEW.state NOT IN ('submitted', 'voided')"
    left += " OR (OLD.state = 'voided' AND NEW.state <> 'voided')"
    return f"OLD.submitted_at IS NOT NULL AND ({changes} OR {left})"


def guards(vendor: str, table: str, columns: Sequence[str]) -> list[str]:
    """What makes a table's triggers against changes of some columns and against removals."""
    words = WORDS[table]
    if vendor != "postgresql":
        changed = _changed(table, columns, "IS NOT")
        return [
            _sqlite_trigger(f"{table}_no_change", "UPDATE", table, changed, words),
            _sqlite_trigger(f"{table}_no_delete", "DELETE", table, "1", words),
        ]
    when = f"FOR EACH ROW WHEN ({_changed(table, columns, 'IS DISTINCT FROM')})"
    refuse = f"EXECUTE FUNCTION reads_refuse('{words}')"
    return [
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE ON {table} {when} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {refuse}",
    ]


def _sqlite(fixed: Mapping[str, Sequence[str]]) -> list[str]:
    signed = "EXISTS (SELECT 1 FROM reads_read WHERE id = {}.read_id AND submitted_at IS NOT NULL)"
    said = "what was signed is never changed"
    made = [each for table in fixed for each in guards("sqlite", table, fixed[table])]
    if "reads_batch" in fixed:
        name, words = "reads_batch_no_overlap", "an event''s place is taken"
        made.append(_sqlite_trigger(name, "INSERT", "reads_batch", _OVERLAPS, words))
    return made + [
        _sqlite_trigger(f"{table}_no_{name}", verb, table, signed.format(row), said)
        for table in DRAFTS
        for name, verb, row in VERBS
    ]


def _sqlite_trigger(name: str, verb: str, table: str, when: str, words: str) -> str:
    return (
        f"CREATE TRIGGER {name} BEFORE {verb} ON {table} WHEN {when}"
        f" BEGIN SELECT RAISE(ABORT, '{words}'); END"
    )


def _postgres(fixed: Mapping[str, Sequence[str]]) -> list[str]:
    each = "FOR EACH ROW EXECUTE FUNCTION"
    made = [*_FUNCTIONS]
    for table in fixed:
        made += guards("postgresql", table, fixed[table])
    if "reads_batch" in fixed:
        name = "reads_batch_no_overlap BEFORE INSERT ON reads_batch"
        made.append(f"CREATE TRIGGER {name} {each} reads_refuse_overlap()")
    return made + [
        f"CREATE TRIGGER {table}_no_{name} BEFORE {verb} ON {table} {each} reads_refuse_signed()"
        for table in DRAFTS
        for name, verb, _ in VERBS
    ]
