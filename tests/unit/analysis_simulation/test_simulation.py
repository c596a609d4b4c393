"""S4: The simulators make what their parameters say, and the analyses hold their level on it."""

import numpy as np
import pytest
from scipy import stats

import analysis
from analysis.simulation.roe_metz import RoeMetz, dataset, structure, with_auc
from analysis.simulation.search import SearchModel
from analysis.simulation.study import StudyModel, TimeModel, simulate


def test_the_same_seed_gives_the_same_study_and_another_seed_another() -> None:
    one, two, other = (
        simulate(StudyModel(), readers=3, healthy=5, diseased=5, seed=seed) for seed in (4, 4, 5)
    )
    assert one.reads.equals(two.reads)
    assert one.marks.equals(two.marks)
    assert one.truth.equals(two.truth)
    assert not one.reads.equals(other.reads)


@pytest.mark.parametrize(("name", "mu", "auc"), [("HL", 0.75, 0.702), ("LL", 1.5, 0.855)])
def test_roe_and_metz_areas_are_those_of_their_paper(name: str, mu: float, auc: float) -> None:
    # 0.702 and 0.855 are the areas without reader variance
    assert structure(name, mu).auc() == pytest.approx(auc, abs=0.002)


@pytest.mark.parametrize("b", [1.0, 0.7])
def test_the_expected_auc_is_the_mean_of_simulated_ones(b: float) -> None:
    model = RoeMetz(mu=1.2, delta=0.6, var_r=0.05, var_tr=0.03, b=b)
    rng = np.random.default_rng(7)
    aucs = []
    for _ in range(60):
        data = dataset(model, readers=4, healthy=25, diseased=25, rng=rng)
        aucs.append([each.estimate for each in analysis.mrmc(data).modalities])
    means, errors = np.mean(aucs, axis=0), np.std(aucs, axis=0) / np.sqrt(60)
    for mean, error, with_ai in zip(means, errors, (False, True), strict=True):
        assert abs(mean - model.auc(with_ai=with_ai)) < 4 * error


def test_a_wanted_auc_is_what_the_model_has() -> None:
    model = with_auc(0.85, "HH", gain=0.05)
    assert model.auc() == pytest.approx(0.85, abs=1e-12)
    assert model.auc(with_ai=True) == pytest.approx(0.90, abs=1e-12)


def test_the_constrained_model_has_its_auc_and_its_ratio_of_mean_to_sigma() -> None:
    model = with_auc(0.85, "LH", gain=0.05, mean_to_sigma=4.5)
    assert model.auc() == pytest.approx(0.85, abs=1e-12)
    assert model.auc(with_ai=True) == pytest.approx(0.90, abs=1e-12)
    assert model.mu / (1 / model.b - 1) == pytest.approx(4.5, rel=1e-9)
    data = dataset(model, readers=40, healthy=400, diseased=400, rng=np.random.default_rng(3))
    control = data.ratings[0]
    spread = control[:, data.truth].std(axis=1).mean() / control[:, ~data.truth].std(axis=1).mean()
    assert spread == pytest.approx(1 / model.b, rel=0.05)
    with pytest.raises(analysis.DataError, match=r"above 0\.5"):
        with_auc(0.4, mean_to_sigma=4.5)


def test_mrmc_holds_its_level_and_covers() -> None:
    # The full grid is in benchmarks/simulation; this would find a wrong variance or df.
    rng = np.random.default_rng(11)
    model, trials = with_auc(0.8, "HL"), 300
    rejected = covered = 0
    for _ in range(trials):
        result = analysis.mrmc(dataset(model, readers=4, healthy=25, diseased=25, rng=rng))
        rejected += result.test.p_value < 0.05
        single = result.modalities[0]
        covered += single.ci_low <= model.auc() <= single.ci_high
    assert stats.binomtest(int(rejected), trials, 0.05).pvalue > 0.001
    assert covered / trials > 0.90


def test_reading_time_holds_its_level() -> None:
    model = StudyModel(times=TimeModel(ratio=0.8))
    trials, missed = 40, 0
    for seed in range(trials):
        study = simulate(model, readers=4, healthy=6, diseased=6, seed=seed)
        found = analysis.reading_time(study.reads, reference="control").ratios[0]
        missed += not found.ci_low <= 0.8 <= found.ci_high
    assert stats.binomtest(missed, trials, 0.05, alternative="greater").pvalue > 0.001


def test_ai_that_helps_the_search_is_found_by_froc() -> None:
    model = StudyModel(search=SearchModel(ai_logit_nu=1.5, ai_mu=0.5))
    study = simulate(model, readers=5, healthy=30, diseased=30, seed=2)
    found = analysis.froc(study.marks, study.truth)
    assert found.test.p_value < 0.05
    means = {
        name: each.estimate
        for name, each in zip(found.modality_names, found.modalities, strict=True)
    }
    assert means["ai"] > means["control"]


def test_small_lesions_are_found_less_often() -> None:
    study = simulate(StudyModel(), readers=6, healthy=5, diseased=150, seed=3)
    hits = study.marks[study.marks["lesion"] > 0].groupby(["case", "lesion"]).size()
    real = study.truth[study.truth["lesion"] > 0].set_index(["case", "lesion"])
    share = hits.reindex(real.index).fillna(0).to_numpy() / 12
    assert stats.spearmanr(real["diameter_mm"].to_numpy(), share).statistic > 0.2


@pytest.mark.parametrize("wrong", [{"readers": 1}, {"healthy": 1}, {"diseased": 0}])
def test_studies_too_small_to_analyse_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(analysis.DataError, match="at least"):
        simulate(StudyModel(), **{"readers": 3, "healthy": 4, "diseased": 4, "seed": 1, **wrong})


def test_parameters_that_make_no_sense_are_refused() -> None:
    for wrong in (lambda: RoeMetz(var_r=-1), lambda: structure("XX"), lambda: with_auc(1.2)):
        with pytest.raises(analysis.DataError):
            wrong()
    with pytest.raises(analysis.DataError):
        SearchModel(nu=1.0)
