"""QIDO-RS (PS3.18 10.6) over growing collections: by pages, by what is matched, at each level."""

from collections.abc import Callable
from typing import Any

from benchmarks.imaging import peers
from benchmarks.imaging.measuring import Request

COUNTS = (100, 1000, 10_000)
AIM_P95_MS = 30.0


def searches(count: int) -> dict[str, list[str]]:
    """What is asked of a collection of so many studies (`prepare.many`): each finds something."""
    some = range(0, count, max(1, count // 20))
    pages = range(0, count, max(25, count // 20))
    return {
        "25 studies, page by page": [f"studies?limit=25&offset={at}" for at in pages],
        "studies of a patient": [f"studies?PatientID=P{at:011d}" for at in some],
        "studies by a wild card": [f"studies?limit=25&PatientID=P*{at % 100:02d}" for at in some],
        "studies by a name, fuzzy": [
            f"studies?limit=25&fuzzymatching=true&PatientName=p{at:011d}" for at in some
        ],
        "studies of a month": [
            f"studies?limit=25&StudyDate=2015{1 + at % 3:02d}01-2015{1 + at % 3:02d}28"
            for at in some
        ],
        "studies of a modality": ["studies?limit=25&ModalitiesInStudy=CT"],
        "series of a study": [f"studies/2.25.{at}/series" for at in some],
        "series by description and modality": ["series?limit=25&Modality=MR&SeriesDescription=T1*"],
        "25 series, page by page": [f"series?limit=25&offset={at}" for at in pages],
        "instances of a series": [f"studies/2.25.{at}/series/2.25.{at}.1/instances" for at in some],
        "25 instances, page by page": [f"instances?limit=25&offset={at}" for at in pages],
    }


def searching(told: dict[str, Any], run: Callable[..., dict[str, float]], us: peers.Server) -> None:
    """Ask each; then say of which the slowest twentieth took longer than the aim."""
    slow: dict[str, list[float]] = {}
    for count in COUNTS:
        base = f"/dicomweb/collections/{told['collections'][str(count)]}"
        key = {"Authorization": f"Bearer {told['senders'][str(count)]}"}
        for what, paths in searches(count).items():
            requests = [Request(f"{base}/{path}", key) for path in paths]
            figures = run(f"QIDO-RS of {count}, {what}: ours", us, requests, 1)
            slow.setdefault(what, []).append(figures["p95_ms"])
    print(f"QIDO-RS, p95 in ms of {', '.join(map(str, COUNTS))} studies; aim {AIM_P95_MS:.0f}:")
    for what, values in slow.items():
        said = "met" if max(values) <= AIM_P95_MS else "MISSED"
        print(f"  {what:40s} {' '.join(f'{each:8.1f}' for each in values)}  {said}")
