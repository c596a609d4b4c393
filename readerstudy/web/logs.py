"""Logs as JSON lines, with allow-listed keys only, so that no identifier can slip in."""

import logging
import re
from typing import Any

import structlog

ALLOWED = frozenset(
    {"event", "level", "timestamp", "request_id", "user_id", "code", "incident", "exception",
     "job", "state", "seconds", "count", "request", "ip", "logger"}
)  # fmt: skip


def keep_allowed(
    _logger: Any, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Drop every key that is not on the list."""
    return {key: value for key, value in event.items() if key in ALLOWED or key.startswith("_")}


ROWS = re.compile(r"^\s*(DETAIL|CONTEXT|HINT|STATEMENT|LINE \d+):.*$\n?", re.MULTILINE)


def without_rows(
    _logger: Any, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Take out of a traceback what a database adds to an error: the values of the row (F13)."""
    if isinstance(event.get("exception"), str):
        event["exception"] = ROWS.sub("", event["exception"])
    return event


def formatter() -> logging.Formatter:
    """The formatter that Django's logging settings name."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if not structlog.is_configured():  # loggers that were used hold to what they began with
        structlog.configure(
            processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
            logger_factory=structlog.stdlib.LoggerFactory(),
            cache_logger_on_first_use=True,
        )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            without_rows,
            keep_allowed,
            structlog.processors.JSONRenderer(),
        ],
    )
