"""Whether the time of an answer tells a control arm's reader what is hidden (fault F4).

    DATABASE_URL=postgresql://... python -m benchmarks.reads.timing_channel --pairs 2000

Two studies that differ only in this: one's vaults hold proposals and truth, the other's are empty.
The same control-arm requests are asked of both in turn, in an order that changes, and each pair's
difference is kept. Equivalence by two one-sided tests: the 90 % interval of the median difference
(by bootstrap) lies within one millisecond. The database is made for the run and dropped.

The process's own CPU time is judged beside the wall's: on a shared machine the wall's interval is
wide, and a wide interval never shows equivalence.
"""

import argparse
import json
import os
import time
from typing import Any
from uuid import uuid4

import numpy as np

MARGIN_MS = 1.0
DRAWS = 2000


def interval(differences: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """The 90 % interval of the median, by bootstrap."""
    draws = rng.choice(differences, (DRAWS, len(differences)))
    low, high = np.percentile(np.median(draws, axis=1), [5, 95])
    return float(low), float(high)


def judged(pairs: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """Median difference with its interval, and whether that shows equivalence."""
    low, high = interval(pairs, rng)
    return {
        "median_ms": round(float(np.median(pairs)), 3),
        "interval_90_ms": [round(low, 3), round(high, 3)],
        "equivalent": bool(low > -MARGIN_MS and high < MARGIN_MS),
    }


def main() -> None:
    """Make the two studies, ask in turn, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=200)
    given = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "readerstudy.settings")
    os.environ.setdefault("LOG_LEVEL", "CRITICAL")
    import django

    django.setup()
    from django.test.runner import DiscoverRunner

    runner = DiscoverRunner(verbosity=0, interactive=False)
    runner.setup_test_environment()
    made = runner.setup_databases()
    try:
        answer = measured(given.pairs)
    finally:
        runner.teardown_databases(made)
    print(json.dumps(answer | {"load_average": os.getloadavg()}, indent=1))


def measured(pairs: int) -> dict[str, Any]:
    """Each request's differences: hidden minus empty, wall and CPU, milliseconds."""
    from django.conf import settings

    from readerstudy.proposals import bridge
    from tests import cast, proposing

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    bridge.card = lambda _detector: dict(proposing.CARD)  # type: ignore[assignment]
    people = cast.people()
    sides = [Side(people, is_hidden=is_hidden) for is_hidden in (True, False)]
    rng = np.random.default_rng(2026)
    took: dict[str, list[tuple[float, float]]] = {}
    for number in range(pairs):
        order = sides if rng.random() < 0.5 else sides[::-1]
        for name in Side.REQUESTS:
            once = {side.is_hidden: side.ask(name) for side in order}
            if number >= pairs // 20:  # the first ones warm up
                wall, cpu = np.subtract(once[True], once[False])
                took.setdefault(name, []).append((float(wall), float(cpu)))
    return {
        "pairs": pairs,
        "requests": {
            name: {
                "wall": judged(np.array(each)[:, 0], rng),
                "cpu": judged(np.array(each)[:, 1], rng),
            }
            for name, each in took.items()
        },
    }


class Side:
    """A control arm's reader with a read open, in a study whose vault is full or empty."""

    REQUESTS = ("worklist", "packet", "next images", "a proposal of this case decided", "a door")

    def __init__(self, people: Any, *, is_hidden: bool) -> None:
        from readerstudy.proposals.lesions import ProposalHeatMap, ProposedLesion
        from readerstudy.proposals.models import Run
        from readerstudy.studies import services
        from readerstudy.studies.models import Study
        from readerstudy.truth.models import ReferenceStandard, TruthLesion
        from tests import cast, factories, proposing
        from tests.integration.reads import worlds
        from tests.integration.reads.conftest import sit

        self.is_hidden = is_hidden
        readers = tuple(
            factories.user(site=people.north, experience="general", experience_years=5)
            for _ in range(3)
        )
        study = factories.draft_study(people, readers=readers, with_proposals=True)
        proposing.propose_for(study, proposing.found())
        services.lock(study, password=cast.PASSWORD, by=people.cora)
        study = services.start(Study.objects.get(pk=study.pk), by=people.cora)
        user = worlds.control_first(study)
        sit(user, study).read_and_sign()  # the training case; its feedback needs the truth
        of_study = {"examination__in": [case.examination_id for case in study.cases.all()]}
        lesion = ProposedLesion.objects.filter(run__in=Run.objects.filter(**of_study)).first()
        assert lesion is not None
        self.hidden = str(lesion.pk)
        if not is_hidden:
            proposed = ProposedLesion.objects.filter(run__in=Run.objects.filter(**of_study))
            ProposalHeatMap.objects.filter(lesion__in=proposed).delete()
            proposed.delete()
            Run.objects.filter(**of_study).delete()
            TruthLesion.objects.filter(standard__case__study=study).delete()
            ReferenceStandard.objects.filter(case__study=study).delete()
        self.tab = sit(user, study)
        self.tab.open()

    def ask(self, name: str) -> tuple[float, float]:
        """One request: wall and CPU, milliseconds."""
        read = self.tab.read_id
        if name == "a proposal of this case decided":
            self.tab.does("proposal_rejected", proposal=self.hidden)
        wall, cpu = time.perf_counter(), time.process_time()
        if name == "worklist":
            self.tab.call("GET", "/api/worklist")
        elif name == "packet":
            self.tab.reload()
        elif name == "next images":
            self.tab.call("GET", f"/api/reads/{read}/next-images")
        elif name == "a door":
            self.tab.send("GET", f"/api/reads/{self.hidden}?tab={uuid4()}", None, {})
        else:
            self.tab.flush()
        return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000


if __name__ == "__main__":
    main()
