"""Filters of the desk: times with their zone, states with a shape, numbers with their interval."""

from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.utils import dateformat, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

register = template.Library()
TEN_MINUTES_S = 600
HOUR_MIN = 60
NONE = "–"  # noqa: RUF001 -- an en dash stands for "nothing" in a table

_LOOKS = {
    "is-good": {"running", "pass", "done", "unblinded", "set", "submitted", "there", "sent"},
    "is-busy": {
        "ready",
        "queued",
        "waiting",
        "sending",
        "working",
        "receiving",
        "opened",
        "frozen",
        "closed",
    },
    "is-warn": {"warn", "paused", "failed", "missing", "not started"},
    "is-bad": {"fail", "quarantined", "withdrawn", "voided", "refused"},
}


@register.filter
def stamp(value: datetime | None) -> SafeString | str:
    """A time in the server's zone, named."""
    if value is None:
        return NONE
    local = timezone.localtime(value)
    text = f"{dateformat.format(local, gettext('j M Y, H:i'))} {local.tzname()}"
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), text)


@register.filter
def day(value: date | str | None) -> SafeString | str:
    """A day with its weekday."""
    if value is None:
        return NONE
    on = date.fromisoformat(value) if isinstance(value, str) else value
    text = dateformat.format(on, gettext("l, j F Y"))
    return format_html('<time datetime="{}">{}</time>', on.isoformat(), text)


@register.filter
def duration(value: timedelta | None) -> str:
    """A time span in hours and minutes; below ten minutes in minutes and seconds."""
    if value is None:
        return NONE
    seconds = round(value.total_seconds())
    if seconds < TEN_MINUTES_S:
        words = gettext("{minutes} min {seconds} s")
        return words.format(minutes=seconds // 60, seconds=f"{seconds % 60:02d}")
    minutes = round(seconds / 60)
    if minutes < HOUR_MIN:
        return gettext("{minutes} min").format(minutes=minutes)
    words = gettext("{hours} h {minutes} min")
    return words.format(hours=minutes // HOUR_MIN, minutes=f"{minutes % HOUR_MIN:02d}")


@register.filter
def seconds(value: float | None) -> str:
    """Seconds as a time span."""
    return NONE if value is None else duration(timedelta(seconds=value))


@register.filter
def member(mapping: Any, key: str) -> Any:
    """One member of a mapping, by a name that is known only when the page is made."""
    return mapping.get(key, "") if mapping else ""


@register.filter
def look(state: str) -> str:
    """The class that gives a state its shape and colour."""
    return next((name for name, states in _LOOKS.items() if str(state) in states), "")


@register.filter
def work_look(state: str) -> str:
    """The same for a piece of work: it is good once it is done; a study is while it runs."""
    return "is-busy" if str(state) == "running" else look(state)


@register.filter
def works_at_desk(user: Any) -> bool:
    """Whether somebody does more than read: then the bar leads to studies and planning."""
    # accounts.User and its roles are layers above this one.
    is_known = user.is_staff or user.creates_studies
    return bool(is_known or user.memberships.exclude(role="reader").exists())


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
