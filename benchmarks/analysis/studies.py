"""Made-up studies of any size; the values do not matter for time, their number does."""

import numpy as np
import pandas as pd

from analysis.dataset import Dataset

Size = tuple[int, int, int]  # readers, modalities, cases


def ratings(size: Size, missing: float = 0.0) -> Dataset:
    """Continuous ratings of every reader, modality and case; a share of the reads missing."""
    readers, modalities, cases = size
    rng = np.random.default_rng(1)
    truth = np.arange(cases) % 2 == 0
    values = rng.normal(size=(modalities, readers, cases)) + 1.4 * truth
    if missing:
        values[rng.random(values.shape) < missing] = np.nan
    return Dataset(
        values,
        truth,
        tuple(f"M{i}" for i in range(modalities)),
        tuple(f"R{j}" for j in range(readers)),
        tuple(f"c{k}" for k in range(cases)),
    )


def tidy(dataset: Dataset) -> pd.DataFrame:
    """The table with whole-number names, as most studies have them."""
    i, j, k = np.nonzero(dataset.read)
    return pd.DataFrame(
        {
            "reader": j.astype(np.int32),
            "modality": i.astype(np.int8),
            "case": k.astype(np.int32),
            "truth": dataset.truth[k].astype(np.int8),
            "rating": dataset.ratings[i, j, k],
        }
    )


def marks(size: Size) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Marks and truth: half of the cases with two lesions, 0.7 found, 0.5 false marks a case."""
    readers, modalities, cases = size
    rng = np.random.default_rng(1)
    lesions = np.repeat(np.arange(1, cases, 2), 2)
    number = np.tile([1, 2], cases // 2)
    shape = (readers, modalities)
    hit = np.argwhere(rng.random((*shape, lesions.size)) < 0.7)
    false = np.argwhere(rng.random((*shape, cases)) < 0.5)
    parts = [
        (hit, lesions[hit[:, 2]], number[hit[:, 2]], rng.normal(2, 1, len(hit))),
        (false, false[:, 2], np.zeros(len(false), int), rng.normal(0, 1, len(false))),
    ]
    table = pd.concat(
        pd.DataFrame(
            {
                "reader": at[:, 0],
                "modality": at[:, 1],
                "case": case,
                "lesion": lesion,
                "rating": rating,
            }
        )
        for at, case, lesion, rating in parts
    )
    healthy = np.arange(0, cases, 2)
    truth = pd.DataFrame(
        {
            "case": np.concatenate([lesions, healthy]),
            "truth": np.repeat([1, 0], [lesions.size, healthy.size]),
            "lesion": np.concatenate([number, np.zeros(healthy.size, int)]),
        }
    )
    return table, truth
