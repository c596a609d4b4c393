"""Logs as JSON lines, with allow-listed keys only, so that no identifier can slip in."""

import logging
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


def formatter() -> logging.Formatter:
    """The formatter that Django's logging settings name."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
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
            keep_allowed,
            structlog.processors.JSONRenderer(),
        ],
    )
