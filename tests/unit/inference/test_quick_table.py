"""The table of families at a small budget: the budget stands above it, the best comes first."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.detectors import each_family, quick
from inference import phantom
from inference.detectors import families
from inference.metrics import CaseScore
from inference.training import cases
from inference.training.records import Timed
from inference.volume import Volume

pytestmark = pytest.mark.once


def timed(hits: list[float], false: list[float]) -> Timed:
    score = CaseScore(np.full(len(hits), 4.0), np.array(hits), np.full(len(hits), 0.5),
                      np.array(false))  # fmt: skip
    return Timed(1, score, 2.0, 1.5)


def test_a_family_that_finds_nothing_has_a_sensitivity_of_none() -> None:
    found = quick.summary([timed([-np.inf, -np.inf], []), timed([-np.inf], [])])
    assert found["sensitivity"]["value"] == 0
    assert found["dice_of_found"] is None


def test_the_table_has_the_budget_above_and_the_best_first(tmp_path: Path) -> None:
    for name, hits in (("cropnet", [1.0, -np.inf]), ("nlmet", [1.0, 2.0])):
        row = {
            "family": name, "budget": {"seconds": 60.0, "training_cases": 40}, "steps": 9,
            "parameters": 1_500_000, "peak_mib": 812, **quick.summary([timed(hits, [])] * 3),
        }  # fmt: skip
        (tmp_path / f"{name}.json").write_text(json.dumps(row))
    text = quick.table(tmp_path)
    assert "60 CPU seconds each, 40 training phantoms; 6 test blocks of 96 mm" in text
    first, second = [line for line in text.splitlines() if " | 1.50 M | " in line]
    assert first.startswith("| nlmet | Liew | MR | 6 | 1.00 (1.00 to 1.00)")
    assert second.startswith("| cropnet | Dikici | MR | 6 | 0.50")
    (rest,) = [line for line in text.splitlines() if line.startswith("Not measured")]
    named = {each.strip(" .") for each in rest.partition(":")[2].split(",")}
    assert named == set(families.FAMILIES) - {"nlmet", "cropnet"}
    heads = next(line for line in text.splitlines() if line.startswith("| family"))
    assert heads.endswith("| its paper, on patients (not comparable) |")
    assert second.endswith("15 mm (Dikici et al. 2020, arXiv:1908.04701) |")
    assert len(heads.split("|")) == len(first.split("|")) == len(second.split("|"))


def test_blocks_come_from_phantoms_of_no_other_use() -> None:
    used = {*cases.TRAINING_SEEDS, *cases.VALIDATION_SEEDS, *cases.TEST_SEEDS}
    assert not used & {*quick.TEST_SEEDS, *quick.VALIDATION_SEEDS}
    assert not set(quick.TEST_SEEDS) & set(quick.VALIDATION_SEEDS)
    assert all(cases.plan(seed).machine.alter is None for seed in quick.TEST_SEEDS)


def test_families_of_ct_are_measured_on_ct_of_the_same_heads(
    case: phantom.PhantomCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A phantom is dear: it is made once for all that are to see it, its truth on each grid."""
    made: list[dict[str, Any]] = []
    t1c = case.series["t1c"]
    hu = np.where(t1c.voxels > 0.2, np.float32(32), np.float32(-1000))
    hu[case.labels > 0] = 90
    scanned = {**case.series, "ct": Volume(hu, t1c.affine, "ct")}

    def make_case(seed: int, **options: Any) -> phantom.PhantomCase:
        made.append({"seed": seed, **options})
        return replace(case, series=scanned)

    monkeypatch.setattr(phantom, "make_case", make_case)
    chosen = ["ct-unet-position-attention", "ct-mr-fusion", "unet-3d"]
    for _ in range(2):
        each_family.make_phantoms(chosen, [40_001], tmp_path)
    assert [(each["seed"], each["with_ct"]) for each in made] == [(40_001, True)]
    mr, ct, both = (
        quick._block_of(tmp_path, 40_001, families.family_of(each).inputs)
        for each in ("unet-3d", "ct-unet-position-attention", "ct-mr-fusion")
    )
    assert [len(each.given.voxels) for each in (mr, ct, both)] == [4, 1, 5]
    assert (ct.given.reference, both.given.reference) == ("ct", "t1c")
    assert np.array_equal(both.given.voxels[:4], mr.given.voxels)
    assert both.diameters_mm == mr.diameters_mm
    assert ct.diameters_mm
    image = ct.given.voxels[0]  # the truth lies where CT shows it: 90 HU over 32
    assert np.median(image[ct.labels > 0]) > np.median(image[ct.labels == 0]) + 5
