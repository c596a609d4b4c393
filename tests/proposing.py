"""Proposals without a network: what a detector found goes in by the services that runs use."""

from typing import Any

from inference import known_table
from readerstudy.imaging.models import Examination
from readerstudy.proposals import services
from readerstudy.proposals.bridge import Found, Head
from readerstudy.proposals.models import Run
from readerstudy.studies.models import Study
from tests.factories import DETECTOR

CARD = {"banner": "Trained on synthetic phantoms only. Not a medical device."}


TRIANGLE = [[[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [1.0, 2.0, 0.0]]]
HEAT_MAP = {
    "method": "made for a test",
    "shares": {"t1c": 0.8, "flair": 0.2},
    "levels": [{"level": 0.2, "contours_mm": TRIANGLE}, {"level": 0.8, "contours_mm": []}],
}


HEAD = Head("lesion-kind@1", "a" * 64)
KIND = {
    "head": HEAD.name,
    "sha256": HEAD.sha256,
    "probabilities": {"tumour": {"metastasis": 0.75, "glioblastoma": 0.25}},
    "short": "If this is a lesion: metastasis 0.75.",
    "full": "If this is a lesion: metastasis 0.75, glioblastoma 0.25.",
    "zh-hans": {"short": "若确为病灶：转移瘤。", "full": "若确为病灶：转移瘤 0.75。"},  # noqa: RUF001
}


def alike(*rows: int) -> dict[str, Any]:
    """What an explanation keeps of the known lesions that it compares with."""
    return {"count": len(rows), "kinds": {}, "rows": list(rows), "table": known_table.digest()}


def found(probability: float = 0.9, **changes: Any) -> Found:
    """One lesion, at the place where the factories' diseased cases have theirs."""
    values: dict[str, Any] = {
        "centroid_mm": (1.0, 1.0, 0.0),
        "diameter_mm": 8.0,
        "volume_mm3": 268.0,
        "probability": probability,
        "uncertainty": 0.1,
        "contours_mm": TRIANGLE,
        "explanation": {
            "short": "Bright and round.",
            "full": "Bright and round, 8 mm across.",
            "alike": alike(5, 0),
        },
        "classification": KIND,
        "heat_map": HEAT_MAP,
    }
    return Found(**values | changes)


def propose(
    examination: Examination,
    *lesions: Found,
    detector: str = DETECTOR,
    weights: str = "f" * 64,
    head: Head | None = HEAD,
) -> Run:
    """A finished run with these lesions."""
    run = services.claim(services.request(examination, detector=detector).pk)
    assert run is not None
    assert services.finish(run, list(lesions), weights=weights, head=head, seconds=1.0)
    run.refresh_from_db()
    return run


def propose_for(study: Study, *lesions: Found) -> list[Run]:
    """The same lesions for every case of a study."""
    return [propose(case.examination, *lesions) for case in study.cases.all()]
