"""Training: which phantoms, how long, at which rate."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from inference import detector as detectors
from inference import phantom
from inference.__main__ import main
from inference.detectors import families
from inference.metrics import CaseScore
from inference.phantom.lesions import MEDIAN_MM
from inference.phantom.scanner import draw
from inference.phantom.shifts import any_machine
from inference.training import cases, fit, patches, records, ship
from inference.training.fit import Fit, Recipe, rate_at

pytestmark = pytest.mark.once


def test_most_training_phantoms_are_crowded_with_small_metastases_and_a_fifth_has_none() -> None:
    plans = [cases.plan(seed) for seed in cases.TRAINING_SEEDS]
    crowded = [each for each in plans if each.lesions == 40]
    assert len(crowded) == 0.6 * len(plans)
    assert all(each.median_mm < MEDIAN_MM for each in crowded)
    assert sum(not each.lesions for each in plans) == 0.2 * len(plans)
    assert sum(each.machine.alter is not None for each in plans) == 0.4 * len(plans)
    assert len({each.machine.dose for each in plans}) > 0.3 * len(plans)


def test_another_plan_has_large_metastases_without_oedema_and_a_name_of_its_own(
    tmp_path: Path,
) -> None:
    """By plan 2 nearly every large one had oedema: what learnt from it was blind on T1c alone."""
    plans = [cases.plan(seed, 3) for seed in cases.TRAINING_SEEDS]
    dry = [each for each in plans if each.dry]
    assert len(dry) == 0.5 * len(plans)
    assert all(each.median_mm > MEDIAN_MM for each in dry)
    assert sum(each.lesions == 40 for each in plans) == 0.3 * len(plans)
    assert sum(not each.lesions for each in plans) == 0.2 * len(plans)
    beside = [cases.plan(seed, 4) for seed in cases.TRAINING_SEEDS]
    assert [each.at_vessels > 0 for each in beside] == [each.dry > 0 for each in plans]
    assert [each.lesions for each in beside] == [each.lesions for each in plans]
    least = [cases.plan(seed, 5) for seed in cases.TRAINING_SEEDS]
    assert {each.smallest_mm for each in least if each.lesions} == {1.5}
    assert [each.lesions for each in least] == [cases.plan(s).lesions for s in cases.TRAINING_SEEDS]
    cases.path_of(tmp_path, 1_000, 3).mkdir()
    assert list(cases.available(tmp_path, cases.TRAINING_SEEDS)) == []
    assert len(list(cases.available(tmp_path, cases.TRAINING_SEEDS, 3))) == 1


def test_seeds_of_training_calibration_and_bench_are_apart() -> None:
    kinds = (cases.TRAINING_SEEDS, cases.VALIDATION_SEEDS, cases.TEST_SEEDS)
    assert len(set().union(*kinds)) == sum(len(each) for each in kinds)
    assert len(cases.TEST_SEEDS) >= 100


def test_a_machine_of_the_training_has_more_noise_than_it_was_drawn_with_never_less() -> None:
    for seed in range(20):
        machine = draw(np.random.default_rng(seed))
        shift = any_machine(np.random.default_rng(seed))
        assert shift.alter is not None
        altered = shift.alter(machine)
        assert altered.noise >= machine.noise
        assert machine.bias <= altered.bias <= 2 * machine.bias
        ratio = altered.constants[0] / machine.constants[0]
        assert (ratio >= 0.65).all()
        assert (ratio <= 1.1).all()
        assert (altered.constants[1:] == machine.constants[1:]).all()


def test_a_training_phantom_is_made_as_its_plan_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    class Enough(Exception):
        pass

    def made(seed: int, **options: Any) -> SimpleNamespace:
        asked.update(options, seed=seed)
        raise Enough

    monkeypatch.setattr(phantom, "make_case", made)
    with pytest.raises(Enough):
        cases.make(1_003, tmp_path)
    how = cases.plan(1_003)
    assert (made_on := asked.pop("shift")).alter is not None
    assert replace(made_on, alter=None) == replace(how.machine, alter=None)
    assert asked == {
        "seed": 1_003, "n_lesions": 40, "sizes": phantom.Sizes(how.median_mm), "with_ct": False,
        "dry": 0.0, "besides": phantom.Besides(),
    }  # fmt: skip
    with pytest.raises(Enough):
        cases.make(1_003, tmp_path, number=3)
    assert (asked["n_lesions"], asked["dry"], asked["besides"]) == (14, 0.5, phantom.Besides())
    with pytest.raises(Enough):
        cases.make(1_003, tmp_path, number=4)
    assert (asked["n_lesions"], asked["dry"]) == (14, 0.5)
    assert asked["besides"] == phantom.Besides(at_vessels=6)
    with pytest.raises(Enough):
        cases.make(1_003, tmp_path, number=5)
    assert asked["sizes"] == phantom.Sizes(how.median_mm, 1.5)


def test_a_budget_of_cpu_time_ends_a_training_in_place_of_steps() -> None:
    running = Fit(torch.nn.Conv3d(1, 1, 1), Recipe(steps=10, cpu_seconds=60), "cpu")
    running.step, running.seconds = 9, 15.0
    assert running.done == 0.25
    running.recipe = Recipe(steps=10)
    assert running.done == 0.9


def test_a_training_that_learns_nothing_ends_and_says_so() -> None:
    """A step without a finite slope is left out; only such steps would go on for ever."""
    network = torch.nn.Sequential(torch.nn.Conv3d(1, 1, 1), torch.nn.BatchNorm3d(1))
    running = Fit(network, Recipe(steps=1000), "cpu")
    before = copy.deepcopy(running.network.state_dict())
    good, target = torch.ones(1, 1, 4, 4, 4), torch.ones(1, 1, 4, 4, 4)
    bad = torch.full_like(good, float("nan"))
    for _ in range(49):
        running.advance(bad, target)
    for each in (running.network, running.average):
        assert all(torch.equal(before[k], v) for k, v in each.state_dict().items())
    running.advance(good, target)
    for _ in range(49):
        running.advance(bad, target)
    with pytest.raises(ValueError, match="no finite slope for 50 steps on end"):
        running.advance(bad, target)


@pytest.mark.parametrize(
    ("has", "dtype"), [({"avx512_f"}, torch.float32), ({"avx512_bf16"}, torch.bfloat16)]
)
def test_a_training_computes_in_16_bits_only_where_the_processor_has_them(
    monkeypatch: pytest.MonkeyPatch, has: set[str], dtype: torch.dtype
) -> None:
    """Emulated, its slopes were not always finite, and nothing was learnt."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: dict.fromkeys(has, True))
    seen: list[torch.dtype] = []

    class Watched(torch.nn.Conv3d):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            answer = super().forward(x)
            seen.append(answer.dtype)
            return answer

    Fit(Watched(1, 1, 1), Recipe(steps=9), "cpu").advance(
        torch.ones(1, 1, 4, 4, 4), torch.ones(1, 1, 4, 4, 4)
    )
    assert seen == [dtype]


def test_the_rate_rises_falls_and_stays_above_nothing() -> None:
    recipe = Recipe(rate=1.0, warm_up=4)
    assert rate_at(recipe, 0, 0.0) == pytest.approx(0.25, abs=1e-5)
    assert rate_at(recipe, 50, 0.5) == pytest.approx(0.5, abs=1e-5)
    assert 0 < rate_at(recipe, 99, 1.2) < 1e-5


def test_a_checkpoint_keeps_what_the_training_took(tmp_path: Path) -> None:
    first = Fit(torch.nn.Conv3d(1, 1, 1), Recipe(cpu_seconds=60), "cpu")
    first.step, first.seconds = 7, 31.5
    first.save(tmp_path / "c.pt")
    second = Fit(torch.nn.Conv3d(1, 1, 1), Recipe(cpu_seconds=60), "cpu")
    second.resume(tmp_path / "c.pt")
    assert (second.step, second.seconds, second.done) == (7, 31.5, 31.5 / 60)


def test_a_lesion_of_a_few_voxels_is_grown_for_the_training_and_a_larger_one_is_not() -> None:
    labels = np.zeros((12, 12, 12), np.uint8)
    labels[2, 2, 2] = 1
    labels[2, 2, 4] = 2  # the voxel between them goes to one of them
    labels[6:8, 6:8, 6:8] = 3
    found = patches.grown(labels)
    assert (found[labels > 0] == labels[labels > 0]).all()
    assert (found == 1).sum() + (found == 2).sum() == 13
    assert (found == 3).sum() == 8
    assert patches.grown(labels * (labels == 3)).sum() == 24


def test_series_are_left_out_of_the_training_one_by_one_and_all_but_the_first() -> None:
    voxels, target = np.ones((4, 4, 4, 4), np.float32), np.zeros((4, 4, 4), np.float32)

    def left(sampling: patches.Sampling) -> list[tuple[bool, ...]]:
        rng = np.random.default_rng(3)
        drawn = [patches._vary(voxels, target, rng, sampling)[0] for _ in range(200)]
        return [tuple((each != 0).any((1, 2, 3)).tolist()) for each in drawn]

    seen = left(patches.Sampling(missing=0, alone=0.3))
    assert set(seen) == {(True, True, True, True), (True, False, False, False)}
    assert 40 <= seen.count((True, False, False, False)) <= 80
    assert len(set(left(patches.Sampling(missing=0.5, alone=0)))) == 8
    assert patches.Sampling().alone > 0.1


def test_a_training_takes_the_phantoms_it_is_told_and_keeps_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not all that lie in the cache: others may be what the weights given learnt from."""
    taken: list[tuple[Recipe, Sequence[int]]] = []

    def fit_(*given: Any) -> None:
        taken.append((given[3], given[5]))

    monkeypatch.setattr(fit, "fit", fit_)
    for seed in (1_000, 1_200, 1_201):
        cases.path_of(tmp_path, seed).mkdir()
    words = ["train", "--cache", str(tmp_path), "--first", "1200", "--cases", "2"]
    assert main(words) == 0
    ((recipe, seeds),) = taken
    assert list(seeds) == [1_200, 1_201]
    assert recipe.phantom_seeds == (1_200, 1_201)
    state = {"average": {}, "step": 7, "recipe": asdict(recipe)}
    torch.save(state, tmp_path / "c.pt")
    assert ship.training_of(tmp_path / "c.pt")["phantom_seeds"] == [1_200, 1_201]


@pytest.mark.parametrize(
    ("more", "loss", "alpha"),
    [
        ([], "size-weighted", None),
        (["--loss", "tversky"], "tversky", None),
        (["--loss", "jvss", "--alpha", "0.9"], "jvss", 0.9),
        (["--family", "deepmedic-plus", "--alpha", "0.5"], "jvss", 0.5),
    ],
)
def test_the_command_line_chooses_the_loss_and_its_alpha(
    more: list[str], loss: str, alpha: float | None, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    taken: list[Recipe] = []
    monkeypatch.setattr(fit, "fit", lambda *given: taken.append(given[3]))
    cases.path_of(tmp_path, 1_000).mkdir()
    assert main(["train", "--cache", str(tmp_path), "--cases", "1", *more]) == 0
    assert [(each.loss, each.alpha) for each in taken] == [(loss, alpha)]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--loss", "no-such"], "no loss 'no-such'; there are: size-weighted"),
        (["--alpha", "0.5"], "size-weighted has no alpha"),
        (["--family", "agu-net", "--loss", "dice"], "agu-net has a loss of its own"),
    ],
)
def test_a_loss_that_cannot_be_is_refused_before_a_phantom_is_made(
    more: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--cache", str(tmp_path), "--cases", "1", *more]) == 2
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_small_lesions_are_drawn_more_often_than_large_ones() -> None:
    """By one over the square root of the diameter, from 2 mm on."""
    table = np.array([[1, 2, 1, 1, 1], [2, 18, 9, 9, 9], [3, 1, 5, 5, 5]], np.float32)
    case = cases.TrainingCase(
        1, np.zeros((4, 12, 12, 12), np.uint8), np.zeros((12, 12, 12), np.uint8),
        np.zeros((0, 3), np.int32), table,
    )  # fmt: skip
    rng = np.random.default_rng(8)
    sampling = patches.Sampling(lesions=1.0)
    drawn = [int(patches._centre(case, rng, sampling)[0]) for _ in range(3000)]
    small, large, smallest = (drawn.count(place) for place in (1, 9, 5))
    assert small / large == pytest.approx(3, rel=0.15)
    assert smallest / small == pytest.approx(1, rel=0.15)


def test_packed_weights_keep_variances_that_half_precision_cannot_hold(tmp_path: Path) -> None:
    """Cut to float16 they became infinite, and their channels silent."""
    variances = torch.tensor([1.0, 139_086.94])
    state = {"weight": torch.tensor([0.5, -2.0]), "running_var": variances, "again": variances}
    torch.save({"average": state, "step": 1}, tmp_path / "c.pt")
    ship.pack(tmp_path / "c.pt", tmp_path / "w.safetensors")
    packed = load_file(tmp_path / "w.safetensors")
    assert set(packed) == {"weight", "running_var"}
    assert packed["weight"].dtype == torch.float16
    assert torch.equal(packed["running_var"].float(), state["running_var"])
    state["running_var"][0] = torch.nan
    torch.save({"average": state, "step": 1}, tmp_path / "c.pt")
    with pytest.raises(ValueError, match="running_var is not finite"):
        ship.pack(tmp_path / "c.pt", tmp_path / "w.safetensors")


def test_a_layer_under_several_names_is_packed_once_and_comes_back_under_all(
    tmp_path: Path,
) -> None:
    """MONAI's DynUNet lists its layers by their place, and again by how they are nested."""
    torch.manual_seed(2)
    network = families.build("space-to-depth").half().float()
    torch.save({"average": network.state_dict(), "step": 1}, tmp_path / "c.pt")
    ship.pack(tmp_path / "c.pt", tmp_path / "w.safetensors")
    content = (tmp_path / "w.safetensors").read_bytes()
    back = families.filled("space-to-depth", content).state_dict()
    before = network.state_dict()
    assert len(load_file(tmp_path / "w.safetensors")) < 0.6 * len(before)
    assert len(content) < 2.2 * sum(each.numel() for each in network.parameters())
    assert back.keys() == before.keys()
    assert all(torch.equal(back[name], tensor) for name, tensor in before.items())


def test_lost_running_variances_are_mended_and_nothing_else() -> None:
    network = torch.nn.Sequential(torch.nn.Conv3d(1, 2, 1), torch.nn.BatchNorm3d(2))
    variances = network[1].running_var
    assert isinstance(variances, torch.Tensor)
    variances[1] = torch.inf
    assert fit.mended(network) is network
    assert variances.tolist() == [1.0, 65_504.0]
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    fit.mended(network)
    assert all(torch.equal(before[name], each) for name, each in network.state_dict().items())
    variances[0] = torch.nan
    with pytest.raises(ValueError, match=r"1\.running_var holds values that are not finite"):
        fit.mended(network)
    variances[0] = 1
    with torch.no_grad():
        network[0].bias[0] = torch.inf
    with pytest.raises(ValueError, match=r"0\.bias holds"):
        fit.mended(network)


def scored(seed: int, score: float) -> records.Timed:
    one = CaseScore(np.array([4.0]), np.array([score]), np.array([0.5]), np.array([-1.0]))
    return records.Timed(seed, one, 3.0)


def test_a_measurement_that_was_stopped_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not taken up: scores at another operating point or of other phantoms, a line cut short."""
    card = detectors.card_of(detectors.DEFAULT)
    asked: list[int] = []

    def ran(_: object, folders: Sequence[Path]) -> Iterator[records.Timed]:
        for folder in folders:
            asked.append(int(folder.name))
            if len(asked) == 3:
                raise KeyboardInterrupt
            yield scored(int(folder.name), 2.5)

    monkeypatch.setattr(ship, "_ran", ran)
    monkeypatch.setattr(
        ship, "load_examination", lambda folder: SimpleNamespace(seed=int(folder.name))
    )
    folders, out = [tmp_path / "cache" / str(seed) for seed in (1, 2, 3)], tmp_path / "out"
    (tmp_path / "cache").mkdir()
    with pytest.raises(KeyboardInterrupt):
        ship.measure(card.value, folders, out, "low-field")
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_text(kept.read_text()[:-3])  # killed while it wrote the second case
    assert ship.measure(card.value, folders[:2], out, "low-field")["cases"] == 2
    assert ship.measure(card.value, folders, out, "low-field")["cases"] == 3
    assert asked == [1, 2, 3, 2, 3]
    (raw,) = out.iterdir()
    assert [each.seed for each in records.read(raw)] == [1, 2, 3]
    other = replace(card, operating_point={**card.operating_point, "probability": 0.9})
    monkeypatch.setattr(detectors, "card_of", lambda _: other)
    ship.measure(card.value, folders, out, "low-field")
    assert asked == [1, 2, 3, 2, 3, 1, 2, 3]
    monkeypatch.setattr(phantom, "VERSION", "of tomorrow")
    ship.measure(card.value, folders[:1], out, "low-field")
    assert asked[8:] == [1]
