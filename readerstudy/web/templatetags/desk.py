"""Filters of the desk: times with their zone, states with a shape, numbers with their interval."""

from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()
NONE = "–"  # noqa: RUF001 -- an en dash stands for "nothing" in a table

_LOOKS = {
    "is-good": {"running", "pass", "done", "unblinded", "set", "submitted", "there"},
    "is-busy": {"ready", "queued", "working", "receiving", "opened", "frozen", "closed"},
    "is-warn": {"warn", "paused", "failed", "missing", "not started"},
    "is-bad": {"fail", "quarantined", "withdrawn", "voided", "refused"},
}


@register.filter
def stamp(value: datetime | None) -> SafeString | str:
    """A time in the server's zone, named."""
    if value is None:
        return NONE
    local = timezone.localtime(value)
    text = f"{local:%-d %b %Y, %H:%M} {local.tzname()}"
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), text)


@register.filter
def look(state: str) -> str:
    """The class that gives a state its shape and colour."""
    return next((name for name, states in _LOOKS.items() if str(state) in states), "")


@register.filter
def share(part: float, whole: float) -> int:
    """A part of a whole in per cent; nothing of nothing is nothing."""
    return round(100 * part / whole) if whole else 0


@register.filter
def number(value: Any, digits: int = 3) -> str:
    """A number with so many decimals, a true minus sign, a dash for none."""
    if value is None or value == "":
        return NONE
    return f"{float(value):.{digits}f}".replace("-", "\u2212")


@register.filter
def p_value(value: Any) -> str:
    """A p value as papers print it."""
    if value is None:
        return NONE
    return "< 0.001" if float(value) < 0.001 else f"{float(value):.3f}"  # noqa: PLR2004
