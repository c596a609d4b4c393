"""The table of families at a small budget: the budget stands above it, the best comes first."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.detectors import quick
from inference.metrics import CaseScore
from inference.training import cases
from inference.training.records import Timed

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
    assert "60 CPU seconds each, 40 training phantoms; 6 test blocks of 96 mm with 6" in text
    first, second = [line for line in text.splitlines() if " | 1.50 M | " in line]
    assert first.startswith("| nlmet | Liew | 1.00 (1.00 to 1.00)")
    assert second.startswith("| cropnet | Dikici | 0.50")


def test_blocks_come_from_phantoms_of_no_other_use() -> None:
    used = {*cases.TRAINING_SEEDS, *cases.VALIDATION_SEEDS, *cases.TEST_SEEDS}
    assert not used & {*quick.TEST_SEEDS, *quick.VALIDATION_SEEDS}
    assert not set(quick.TEST_SEEDS) & set(quick.VALIDATION_SEEDS)
    assert all(cases.plan(seed).machine.alter is None for seed in quick.TEST_SEEDS)
