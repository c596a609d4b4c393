"""Gives the truth panel to the protocol that it is a part of."""

from readerstudy.accounts.models import User
from readerstudy.studies import panels
from readerstudy.studies.definition import PanelDraft
from readerstudy.studies.models import Study
from readerstudy.truth import selectors, services


def _read(study: Study) -> PanelDraft:
    panel = selectors.panel(study)
    return PanelDraft(opinions=panel.opinions, adjudication=str(panel.adjudication))


def _write(study: Study, panel: PanelDraft, by: User) -> object:
    return services.set_panel(
        study, opinions=panel.opinions, adjudication=panel.adjudication, by=by
    )


panels.register(panels.Keeper(_read, _write))
