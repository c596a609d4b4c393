"""PostgreSQL refuses to change or remove entries, whoever asks (A1). Used by the migration.

Who owns the table can switch the triggers off; `selectors.verify` says so when that was done.
"""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

NAMES = ("audit_entry_no_change", "audit_entry_no_truncate")
_FUNCTION = """
CREATE OR REPLACE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit entries are never changed or removed'
        USING ERRCODE = 'restrict_violation';
END $$
"""
_TRIGGERS = tuple(
    f"CREATE TRIGGER {name} BEFORE {what} ON audit_entry"
    f" FOR EACH {scope} EXECUTE FUNCTION audit_entry_refuse()"
    for name, what, scope in zip(
        NAMES, ("UPDATE OR DELETE", "TRUNCATE"), ("ROW", "STATEMENT"), strict=True
    )
)
_REMOVE = (
    "DROP TRIGGER IF EXISTS audit_entry_no_change ON audit_entry",
    "DROP TRIGGER IF EXISTS audit_entry_no_truncate ON audit_entry",
    "DROP FUNCTION IF EXISTS audit_entry_refuse",
)


def install(_apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the triggers; other databases have `verify_audit` only."""
    if schema_editor.connection.vendor == "postgresql":
        for statement in (*_REMOVE, _FUNCTION, *_TRIGGERS):
            schema_editor.execute(statement)


def remove(_apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Undo `install`."""
    if schema_editor.connection.vendor == "postgresql":
        for statement in _REMOVE:
            schema_editor.execute(statement)
