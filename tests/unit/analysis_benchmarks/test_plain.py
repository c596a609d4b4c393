"""What the speed table compares gives the same numbers: the peers' way and the closed forms."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.fom import placements
from analysis.fom.registry import parse
from analysis.freeresponse.data import FrocData
from analysis.freeresponse.foms import jackknife
from analysis.freeresponse.named import fom_named
from analysis.multireader import covariance as covariances
from analysis.multireader.bootstrap import bootstrap
from analysis.multireader.unbiased import unbiased
from benchmarks.analysis import plain, studies
from benchmarks.analysis.speed import GROWTH, PEERS, TARGETS, call

DATA = studies.ratings((3, 2, 60))
CURVES = DATA.ratings.reshape(6, -1)
PLACED = placements.placements(CURVES, DATA.truth)


def test_jackknife_delong_and_unbiased_covariances_are_the_plain_ones() -> None:
    without = placements.leave_one_out(PLACED, DATA.truth)
    read = np.ones(CURVES.shape, bool)
    pairs = (
        (covariances.jackknife(without, read), plain.jackknife(DATA)),
        (covariances.delong(PLACED, DATA.truth, read), plain.delong(DATA)),
        (unbiased(CURVES, DATA.truth), plain.unbiased(DATA)),
    )
    for here, there in pairs:
        np.testing.assert_allclose(here, there, rtol=1e-9)


def test_bootstrap_is_the_plain_one_within_its_error() -> None:
    drawn = bootstrap(parse("auc"), CURVES, DATA.truth, replicates=4000, seed=1)
    here, there = np.cov(drawn.T), plain.bootstrap(DATA, 1000)
    np.testing.assert_allclose(np.diag(here), np.diag(there), rtol=0.2)


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_the_bootstrap_of_the_auc_is_that_of_its_counts(missing: float) -> None:
    """The AUC has a road of its own; the same figure under another name takes the common one."""
    data = studies.ratings((2, 2, 24), missing)
    curves = np.round(data.ratings.reshape(4, -1))  # with ties
    common = replace(parse("auc"), name="area")
    assert not common.is_auc
    found, expected = (
        bootstrap(fom, curves, data.truth, replicates=300, seed=2) for fom in (parse("auc"), common)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_froc_jackknife_is_the_plain_one() -> None:
    data = FrocData.from_tables(*studies.marks((3, 2, 40)))
    foms, covariance = jackknife(data, fom_named("wafroc"))
    np.testing.assert_allclose(foms, plain.wafroc(data, np.ones(40, bool)), rtol=1e-12)
    np.testing.assert_allclose(covariance.reshape(6, 6), plain.froc_jackknife(data), rtol=1e-9)


METHODS = {
    *((source, method) for _, source, method, *_ in TARGETS),
    *(("arrays", name) for ours, theirs, _ in PEERS for name in (ours, theirs)),
    *(("arrays", method) for method, _ in GROWTH),
    ("table", "froc"),
}


@pytest.mark.parametrize(
    ("source", "method"), sorted(each for each in METHODS if "bootstrap" not in each[1])
)
def test_every_row_of_the_speed_table_runs(source: str, method: str) -> None:
    assert call((3, 2, 40), source, method)() is not None
