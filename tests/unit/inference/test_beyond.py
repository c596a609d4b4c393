"""What an uncertainty says beyond the probability: on made data whose answer is known."""

import json

import numpy as np
import pytest
import torch

from benchmarks.detectors import kinds_of_false, opinions, uncertainty
from inference.beyond import Beyond, beyond, of_logits, to_json
from inference.detectors import space_to_depth
from inference.detectors.dropout import dropouts, dropping
from inference.doubt import Doubted
from inference.training.cases import TEST_SEEDS


def made(seed: int, *, knows: bool) -> list[Doubted]:
    """Forty cases of five proposals: errors follow the probability and a second cause.

    The uncertainty is that cause where it `knows`, else chance.
    """
    rng = np.random.default_rng(seed)
    cases = []
    for number in range(40):
        p, cause = rng.uniform(0.05, 0.95, 5), rng.normal(0, 1, 5)
        odds = -np.log(p / (1 - p)) + 2 * cause
        wrong = rng.random(5) < 1 / (1 + np.exp(-odds))
        spread = cause if knows else rng.normal(0, 1, 5)
        rows = zip(p.tolist(), (0.1 + 0.02 * spread).tolist(), wrong.tolist(), strict=True)
        cases.append(Doubted.of(number, list(rows)))
    return cases


def found(cases: list[Doubted]) -> Beyond:
    answer = beyond(cases)
    assert answer is not None
    return answer


def test_a_second_cause_of_errors_is_seen_and_chance_is_not() -> None:
    knows = found(made(1, knows=True))
    assert knows.p_value < 1e-6
    assert knows.slope == pytest.approx(2, abs=0.8)  # the cause has a standard deviation of 1
    assert knows.difference[1][0] > 0.05
    chance = [found(made(seed, knows=False)) for seed in range(20)]
    assert sum(each.p_value < 0.05 for each in chance) <= 4
    assert sum(each.difference[1][0] > 0 for each in chance) <= 2


def test_the_likelihood_ratio_is_that_of_statsmodels() -> None:
    import statsmodels.api as sm

    cases = made(2, knows=True)
    wrong = np.concatenate([each.is_wrong for each in cases]).astype(float)
    p = np.concatenate([each.probability for each in cases])
    spread = np.concatenate([each.uncertainty for each in cases])
    odds = np.log(p / (1 - p))
    alone = sm.Logit(wrong, sm.add_constant(odds)).fit(disp=0)
    both = sm.Logit(wrong, sm.add_constant(np.column_stack([odds, spread]))).fit(disp=0)
    answer = found(cases)
    assert answer.likelihood_ratio == pytest.approx(2 * (both.llf - alone.llf), rel=1e-3)
    assert answer.slope == pytest.approx(both.params[-1] * spread.std(), rel=1e-3)


def test_perfect_separation_keeps_a_finite_slope() -> None:
    rows = [(0.5, 0.3, True), (0.5, 0.1, False)]
    answer = found([Doubted.of(seed, rows) for seed in range(6)])
    assert np.isfinite(answer.slope)
    assert answer.auroc[0] == 1.0
    json.dumps(to_json(answer), allow_nan=False)


def test_errors_of_one_case_alone_tell_nothing() -> None:
    right = Doubted.of(1, [(0.9, 0.1, False)])
    assert beyond([Doubted.of(0, [(0.2, 0.1, True)]), right, right]) is None
    assert to_json(None) is None


def test_the_spread_of_log_odds_undoes_what_probabilities_near_1_hide() -> None:
    case = Doubted.of(1, [(0.5, 0.025, False), (0.9, 0.009, False)])
    assert of_logits(case).uncertainty.tolist() == pytest.approx([0.1, 0.1])


def test_dropout_takes_the_weights_of_the_network_without() -> None:
    plain, other = space_to_depth.build(width=4), space_to_depth.build(width=4, dropout=0.1)
    other.load_state_dict(plain.state_dict())
    assert {each.p for each in dropouts(other)} == {0.1}
    with pytest.raises(ValueError, match="no dropout"):
        dropouts(plain)
    image = torch.rand(1, 4, 16, 16, 16)
    with torch.inference_mode():
        kept = other.eval()(image)
        assert torch.equal(plain.eval()(image), kept)
        with dropping(other):
            first, second = other(image), other(image)
    assert not torch.equal(first, second)
    # No logit is dropped: that would be a probability of 1/2 where the network says almost none.
    assert max(first.max(), second.max()) < -2


def test_the_generations_are_the_shipped_networks() -> None:
    networks, how = opinions.networks("generations", opinions.Places(*[None] * 3))
    assert (len(networks), how) == (3, "once")
    sums = {float(next(each.parameters()).detach().sum()) for each in networks}
    assert len(sums) == 3
    with pytest.raises(ValueError, match="generations, members, dropout"):
        opinions.networks("of-nobody", opinions.Places(*[None] * 3))


def test_the_figures_of_every_uncertainty_are_of_held_out_phantoms() -> None:
    paths = sorted(uncertainty.HERE.glob("uncertainty-*.jsonl"))
    assert any("generations" in path.name for path in paths)
    for path in paths:
        seeds = [each.seed for each in uncertainty.read(path)]
        assert len(seeds) == len(set(seeds)) > 1
        assert set(seeds) <= set(TEST_SEEDS)


def asked(seed: int, *rows: tuple[float, bool, float]) -> kinds_of_false.Row:
    said = [
        {"probability": p, "is_wrong": wrong, "kinds": {"tumour": {"metastasis": says}}}
        for p, wrong, says in rows
    ]
    return {"phantoms": "none", "seed": seed, "asked": said}


def test_what_the_head_says_of_wrong_and_of_right_proposals_is_told_apart() -> None:
    rows = [
        asked(1, (0.9, False, 0.7), (0.3, True, 0.95), (0.05, True, 0.1)),
        asked(2, (0.5, True, 0.85)),
        asked(3),
    ]
    table = kinds_of_false.table(rows, 0.1)
    assert table["wrong"]["asked"] == 2
    assert table["wrong"]["metastasis"] == pytest.approx(0.9)
    assert table["wrong"]["confidently"] == 1
    assert table["right"]["asked"] == 1
    assert kinds_of_false.table(rows, 0.02)["wrong"]["asked"] == 3
    assert kinds_of_false.table(rows[2:], 0.02)["wrong"] == {"asked": 0}
