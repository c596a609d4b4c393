"""The training loop: resumable, seeded, on CPU or CUDA, with averaged weights.

In bfloat16 where the device has it, else in single precision.
"""

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from inference import losses
from inference.detectors.layout import is_bfloat16_fast, laid_out
from inference.training import adaptive, cases, patches

_PATIENCE = 50  # steps on end without a finite slope
_LEARNS_NOTHING = (
    f"the loss had no finite slope for {_PATIENCE} steps on end, so that nothing is learnt: go on"
    " from the last checkpoint with a lower learning rate, or on another machine"
)
_BAR = "{percentage:5.1f}%|{bar}| {elapsed}<{remaining}{postfix}"


@dataclass(frozen=True)
class Recipe:
    """All that decides the weights besides the cases.

    Attributes
    ----------
    alpha
        Of the losses that weigh sensitivity (`losses.chosen`); None: their own.
    cpu_seconds
        Of this process: ends the training in place of `steps`, so that dear and cheap networks
        get the same. None: `steps` end it.
    begun_from
        SHA-256 of the packed weights that it went on from; None: from nothing.
    plan
        Of `inference.training.cases.PLANS`: by which the phantoms were made.
    phantom_seeds
        First and last seed of the phantoms; None: those of the cache.
    drawing
        Of `adaptive.WAYS`: the case of each patch, any alike or by its recent loss.
    """

    seed: int = 20260
    loss: str = "size-weighted"  # of `inference.losses.LOSSES`
    alpha: float | None = None
    steps: int = 4000
    cpu_seconds: float | None = None
    batch: int = 2
    rate: float = 3e-3
    warm_up: int = 100
    averaging: float = 0.998
    sampling: patches.Sampling = field(default_factory=patches.Sampling)
    save_every: int = 250
    begun_from: str | None = None
    plan: int = cases.PLAN
    phantom_seeds: tuple[int, int] | None = None
    drawing: str = "uniform"


def rate_at(recipe: Recipe, step: int, done: float) -> float:
    """Learning rate: linear warm-up, then half a cosine down to 1e-6 when all (1) is done."""
    warm = min(1.0, (step + 1) / recipe.warm_up)
    return recipe.rate * warm * 0.5 * (1 + float(np.cos(np.pi * min(done, 1.0)))) + 1e-6


def mended(network: nn.Module) -> nn.Module:
    """The network with running variances that half precision lost set to its largest number.

    A training estimates them again: batch norms use the batch's own meanwhile.

    Raises
    ------
    ValueError
        Naming any other tensor that is not finite.
    """
    for name, tensor in network.state_dict().items():
        lost = ~torch.isfinite(tensor)
        if lost.any() and (not name.endswith("running_var") or tensor[lost].isnan().any()):
            raise ValueError(f"{name} holds values that are not finite: they would spread")
        tensor[lost] = torch.finfo(torch.float16).max
    return network


class Fit:
    """A training in progress: network, averaged network, optimiser, step."""

    def __init__(self, network: nn.Module, recipe: Recipe, device: str) -> None:
        self.recipe, self.device = recipe, device
        self.network = laid_out(network, device).train()
        self.average = copy.deepcopy(self.network).eval()
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), recipe.rate, weight_decay=1e-4
        )
        self.step = 0
        self.seconds = 0.0  # CPU time of the steps and of what `fit` cuts for them
        self.losses: list[float] = []
        self.recent = adaptive.Recent()  # losses of cases
        self.without_slope = 0  # steps on end

    @property
    def done(self) -> float:
        """The part of the training that is behind, 0 to 1 and a little more."""
        if self.recipe.cpu_seconds is not None:
            return self.seconds / self.recipe.cpu_seconds
        return self.step / self.recipe.steps

    def advance(self, voxels: Tensor, target: Tensor) -> float:
        """One step on a batch; return its loss.

        Raises
        ------
        ValueError
            When no slope has been finite for so many steps on end that it learns nothing.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = rate_at(self.recipe, self.step, self.done)
        before = [each.clone() for each in self.network.buffers()]  # statistics of norms
        loss = self._loss(voxels, target)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if torch.isfinite(nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)):
            self.optimiser.step()
            self.without_slope = 0
        else:  # a step by it would end the training, as would statistics of what is not finite
            self.without_slope += 1
            for each, was in zip(self.network.buffers(), before, strict=True):
                each.copy_(was)
        if self.without_slope == _PATIENCE:
            raise ValueError(_LEARNS_NOTHING)
        self.step += 1
        self._follow()
        self.losses.append(loss.item())
        return self.losses[-1]

    def _loss(self, voxels: Tensor, target: Tensor) -> Tensor:
        """The network's own loss where it has one, else the recipe's."""
        own: Callable[[Tensor, Tensor], Tensor] | None = getattr(self.network, "loss", None)
        is_fast = is_bfloat16_fast(self.device)
        with torch.autocast(self.device, torch.bfloat16, enabled=is_fast):
            if own is not None:
                return own(voxels, target)
            logits = self.network(voxels)
        return losses.chosen(self.recipe.loss, self.recipe.alpha)(logits.float(), target)

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the averaged weights towards the current ones; copy running statistics."""
        keep = min(self.recipe.averaging, self.step / (self.step + 10))
        pairs = zip(
            self.average.state_dict().values(), self.network.state_dict().values(), strict=True
        )
        for slow, fast in pairs:
            if slow.is_floating_point():
                slow.lerp_(fast, 1 - keep)
            else:
                slow.copy_(fast)

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "recipe": asdict(self.recipe),
            "losses": self.losses,
            "recent": self.recent.losses,
        }
        part = path.with_suffix(".part")
        torch.save(state, part)
        part.replace(path)

    def resume(self, path: Path) -> None:
        """Continue from a checkpoint."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.losses = state["step"], state["losses"]
        self.seconds = state.get("seconds", 0.0)  # files of before it was kept lack it
        self.recent = adaptive.Recent(dict(state.get("recent", {})))


def fit(
    network: nn.Module,
    folder: Path,
    checkpoint: Path,
    recipe: Recipe,
    device: str,
    seeds: Sequence[int] = cases.TRAINING_SEEDS,
) -> Fit:
    """Train on the cached cases of `folder`; cases that appear meanwhile are taken up.

    Raises
    ------
    FileNotFoundError
        If there is no training case yet.
    """
    running = Fit(network, recipe, device)
    if checkpoint.exists():
        running.resume(checkpoint)
    pool: list[cases.TrainingCase] = []
    with tqdm(total=100, unit="%", mininterval=10, bar_format=_BAR) as bar:
        while running.done < 1:
            before = time.process_time()
            if running.step % 50 == 0 or not pool:
                pool = _refresh(pool, folder, seeds, recipe.plan)
            rng = np.random.default_rng([recipe.seed, running.step])
            seeds_of, voxels, target = _batch(pool, rng, running)
            running.recent.hear(seeds_of, running.advance(voxels, target))
            running.seconds += time.process_time() - before
            bar.update(100 * min(running.done, 1) - bar.n)
            if running.step % 50 == 0:
                loss = f"{np.mean(running.losses[-50:]):.3f}"
                bar.set_postfix(step=running.step, loss=loss, cases=len(pool))
            if running.step % recipe.save_every == 0 or running.done >= 1:
                running.save(checkpoint)
    return running


def _refresh(
    pool: list[cases.TrainingCase], folder: Path, seeds: Sequence[int], plan: int
) -> list[cases.TrainingCase]:
    known = {case.seed for case in pool}
    paths = cases.available(folder, seeds, plan)
    pool = pool + [cases.load(p) for p in paths if int(p.name.rpartition("-")[2]) not in known]
    if not pool:
        raise FileNotFoundError(f"no training case in {folder}: run `python -m inference phantom`")
    return pool


def _batch(
    pool: list[cases.TrainingCase], rng: np.random.Generator, running: Fit
) -> tuple[list[int], Tensor, Tensor]:
    """Patches and targets, and the seeds of the cases that they were cut from."""
    recipe, drawn, seeds = running.recipe, [], []
    chances = running.recent.chances([each.seed for each in pool])
    for _ in range(recipe.batch):
        is_even = recipe.drawing == "uniform"
        at = rng.integers(len(pool)) if is_even else rng.choice(len(pool), p=chances)
        drawn.append(patches.draw(pool[at], rng, recipe.sampling))
        seeds.append(pool[at].seed)
    voxels = torch.from_numpy(np.stack([voxels for voxels, _ in drawn])).to(running.device)
    target = torch.from_numpy(np.stack([target for _, target in drawn])).to(running.device)
    return seeds, voxels.to(memory_format=torch.channels_last_3d), target
