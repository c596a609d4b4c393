"""Fits of many curves at once: those of one at a time, at a maximum that a search confirms."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize, special

from analysis.fits.areas import binormal_area, contaminated_area
from analysis.fits.binormal import fit_binormal
from analysis.fits.contaminated import fit_contaminated
from analysis.fits.likelihood import categories

FITS = {
    "binormal": (binormal_area, fit_binormal),
    "contaminated": (contaminated_area, fit_contaminated),
}
Counts = NDArray[np.float64]


def drawn(levels: int, number: int, seed: int) -> tuple[Counts, Counts]:
    """Counts per level, highest first, of `number` curves of 60 and 60 cases."""
    rng = np.random.default_rng(seed)
    sides = []
    for mean, spread in ((1.5, 1.3), (0.0, 1.0)):
        x = (rng.normal(mean, spread, (number, 60)) * levels / 6 + levels / 2).round()
        x = np.clip(x, 0, levels - 1).astype(int)
        sides.append(np.stack([np.bincount(row, minlength=levels)[::-1] for row in x]))
    return sides[0].astype(float), sides[1].astype(float)


@pytest.mark.parametrize("levels", [5, 100])
@pytest.mark.parametrize("name", list(FITS))
def test_many_fits_are_the_single_ones(name: str, levels: int) -> None:
    area, single = FITS[name]
    positive, negative = drawn(levels, 40, 1)
    found = area(positive, negative)
    expected = [single(p, n).auc for p, n in zip(positive, negative, strict=True)]
    assert found == pytest.approx(expected, abs=1e-7)


def minus_log_likelihood(u: Counts, positive: Counts, negative: Counts) -> float:
    """The binormal model's, written anew: a, b, then cutoffs as sorted deviates."""
    z = np.sort(u[2:])
    total = 0.0
    for counts, below in ((negative, special.ndtr(z)), (positive, special.ndtr(u[0] + u[1] * z))):
        share = np.diff(np.concatenate([[0.0], below, [1.0]]))
        total -= float(counts @ np.log(np.maximum(share, 1e-300)))
    return total


def test_no_plain_search_finds_a_higher_likelihood() -> None:
    """L-BFGS-B alone stopped early on 2 of 150 such curves, up to 0.013 off in the area."""
    positive, negative = drawn(100, 12, 3)
    for p, n in zip(positive, negative, strict=True):
        joined = categories(p, n)
        fit = fit_binormal(*joined)
        start = np.concatenate([list(fit.parameters.values()), fit.z])
        here = minus_log_likelihood(start, *joined)
        assert here == pytest.approx(-fit.log_likelihood, rel=1e-9)
        for shift in (-0.1, 0.1):
            moved = start.copy()
            moved[:2] += shift
            found = optimize.minimize(minus_log_likelihood, moved, args=joined, method="BFGS")
            assert found.fun >= here - 1e-6
