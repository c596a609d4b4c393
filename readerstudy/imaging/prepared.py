"""Queries and rows of every file: their SQL is written once, not each time.

Building a query costs more than asking it: some 400 microseconds of CPU against 20.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models import QuerySet

Value = str | UUID


class Prepared:
    """A query of some values, by names of its parameters.

    Parameters
    ----------
    make : callable
        Given a value for each parameter, the query: of `values_list`, ordered or of one row.
        The values may only be compared with: SQL must not depend on what they are.
    parameters : type by name
        `str` or `UUID`.
    """

    def __init__(self, make: Callable[..., QuerySet[Any, Any]], **parameters: type[Value]) -> None:
        self._make, self._parameters = make, parameters
        self._written: dict[str, tuple[str, list[Any]]] = {}
        self._converters: dict[str, dict[int, tuple[list[Any], Any]]] = {}

    def first(self, **values: Value) -> tuple[Any, ...] | None:
        """The first row as the database gives it, or None."""
        return next(iter(self.all(**values)), None)

    def converted(self, **values: Value) -> tuple[Any, ...] | None:
        """The first row as Django gives it, or None."""
        row = self.first(**values)
        return None if row is None else self.convert(row)

    def convert(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """A row of this query as Django gives it."""
        found = list(row)
        for place, (functions, expression) in self._converters[connection.vendor].items():
            for each in functions:
                found[place] = each(found[place], expression, connection)
        return tuple(found)

    def all(self, **values: Value) -> list[tuple[Any, ...]]:
        """The rows as the database gives them: a UUID may be a text."""
        here = connections[DEFAULT_DB_ALIAS]  # looked up once: `connection` is at each attribute
        if here.vendor not in self._written:
            self._written[here.vendor] = self._write()
        sql, places = self._written[here.vendor]
        given = {name: _adapted(value) for name, value in values.items()}
        with here.cursor() as cursor:
            cursor.execute(sql, [given[each.name] if isinstance(each, _Place) else each
                                 for each in places])  # fmt: skip
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def _write(self) -> tuple[str, list[Any]]:
        stand_ins: dict[str, Value] = {
            name: uuid4() if kind is UUID else uuid4().hex
            for name, kind in self._parameters.items()
        }
        query = self._make(**stand_ins).query
        compiler = query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        self._converters[connection.vendor] = compiler.get_converters(
            [each[0] for each in compiler.select]
        )
        names = {_adapted(value): _Place(name) for name, value in stand_ins.items()}
        places = [names.get(each, each) for each in parameters]
        if {each.name for each in places if isinstance(each, _Place)} != self._parameters.keys():
            raise ValueError("A parameter does not come up in the query.")
        return sql, places


def insert(*rows: models.Model) -> None:
    """Insert new rows of one kind with keys that the database counts; the keys are set."""
    named, sql = _written_insert(type(rows[0]), len(rows), connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for row in rows for value in _saved(row, named)])
        keys = cursor.fetchall()
    for row, (key,) in zip(rows, keys, strict=True):
        row.pk, row._state.adding, row._state.db = key, False, connection.alias  # noqa: SLF001 -- as Model.save


def update(row: models.Model, *names: str) -> None:
    """Write some fields of a row that is there."""
    fields, sql = _written_update(type(row), names, connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*_saved(row, fields), _adapted(row.pk)])


@lru_cache(maxsize=64)
def _written_insert(
    model: type[models.Model], count: int, _vendor: str
) -> tuple[list[tuple[str, Any]], str]:
    quote, meta = connection.ops.quote_name, model._meta  # noqa: SLF001 -- Django's public API
    fields = [each for each in meta.local_concrete_fields if not each.primary_key]
    columns = ", ".join(quote(str(each.column)) for each in fields)
    places = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * count)
    table, key = quote(meta.db_table), quote(meta.pk.attname)
    named = [(str(each.attname), each) for each in fields]
    return named, f"INSERT INTO {table} ({columns}) VALUES {places} RETURNING {key}"  # noqa: S608


@lru_cache(maxsize=64)
def _written_update(
    model: type[models.Model], names: tuple[str, ...], _vendor: str
) -> tuple[list[tuple[str, Any]], str]:
    quote, meta = connection.ops.quote_name, model._meta  # noqa: SLF001 -- Django's public API
    by_name = {each.name: each for each in meta.local_concrete_fields}
    fields = [by_name[name] for name in names]
    columns = ", ".join(f"{quote(str(each.column))} = %s" for each in fields)
    table, key = quote(meta.db_table), quote(meta.pk.attname)
    named = [(str(each.attname), each) for each in fields]
    return named, f"UPDATE {table} SET {columns} WHERE {key} = %s"  # noqa: S608


def _saved(row: models.Model, fields: Sequence[tuple[str, Any]]) -> list[Any]:
    """The values of fields as the database's driver takes them; plain ones are that already."""
    values = []
    for name, field in fields:
        value = getattr(row, name)
        if type(value) is UUID:
            value = _adapted(value)
        elif type(value) not in _PLAIN or isinstance(field, models.JSONField):
            value = field.get_db_prep_save(value, connection)
        values.append(value)
    return values


_PLAIN = frozenset([int, str, type(None)])


class _Place:
    """Where a parameter's value goes."""

    def __init__(self, name: str) -> None:
        self.name = name


def _adapted(value: Value) -> Any:
    """A value as the database's driver takes it."""
    if not isinstance(value, UUID):
        return value
    here = connections[DEFAULT_DB_ALIAS]
    return value if here.features.has_native_uuid_field else value.hex
