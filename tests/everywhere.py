"""Everything that a test has left behind: where a planted word must not be found (E7)."""

import json
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.core import mail
from django.db import connection

Written = dict[str, bytes]  # where -> what is there


def on_disk() -> Written:
    """The files of the store and the private spool, and their names."""
    found = {"names": b""}
    for root in (settings.STORE_DIR, settings.SPOOL_DIR):
        for path in Path(root).rglob("*"):
            found["names"] += f"{path}\n".encode()
            if path.is_file():
                found[f"file {path}"] = path.read_bytes()
    return found


def in_the_database() -> Written:
    """Every table, whichever app's it is: the audit's entries, held files, sessions."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            values = (value for row in cursor.fetchall() for value in row)
            found[f"table {table}"] = b"\0".join(map(_bytes, values))
    return found


def mailed() -> Written:
    """The letters that went out, with their heads."""
    return {
        f"letter {number}": each.message().as_bytes() for number, each in enumerate(mail.outbox)
    }


def _bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


def forms(word: str, *encodings: str) -> set[bytes]:
    """How a word may be written: in these encodings, as JSON, as HTML's numbers."""
    written = {word.encode(each) for each in ("utf-8", "utf-16-le", *encodings)}
    html = "".join(each if each.isascii() else f"&#{ord(each)};" for each in word)
    return written | {json.dumps(word)[1:-1].encode(), html.encode()}


def found(words: Iterable[bytes], *written: Written) -> list[tuple[str, bytes]]:
    """Where any of the words is, whether in large letters or small."""
    small = [each.lower() for each in words]
    return [
        (where, word)
        for each in written
        for where, data in each.items()
        for word in small
        if word in data.lower()
    ]
