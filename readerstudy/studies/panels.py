"""A study's truth panel as part of its protocol: `truth`, a layer above, keeps the rows (C11)."""

from collections.abc import Callable
from dataclasses import dataclass

from readerstudy.accounts.models import User
from readerstudy.studies.definition import PanelDraft
from readerstudy.studies.models import Study


@dataclass(frozen=True, slots=True)
class Keeper:
    """Who keeps panels: how one is read, and how a draft's is set by somebody."""

    read: Callable[[Study], PanelDraft]
    write: Callable[[Study, PanelDraft, User], object]


_keepers: list[Keeper] = []


def register(keeper: Keeper) -> None:
    """Say who keeps panels; there is one."""
    _keepers[:] = [keeper]


def panel_of(study: Study) -> PanelDraft:
    """How the study's reference standard comes about."""
    return _keepers[0].read(study)


def set_panel_of(study: Study, panel: PanelDraft, *, by: User) -> None:
    """Set it, with the checks and the record of who keeps it."""
    _keepers[0].write(study, panel, by)
