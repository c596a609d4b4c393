"""What both benches do with each family: phantoms, a process of its own, a training."""

from collections.abc import Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import torch
from tqdm import tqdm

from inference.detectors import families
from inference.preprocess import ROLES
from inference.training import cases, fit, patches


def make_phantoms(chosen: Sequence[str], seeds: Sequence[int], cache: Path) -> None:
    """Make the phantoms that are not in the cache, each once for all sets of channels."""
    roles = {ROLES, *(families.family_of(each).inputs for each in chosen)}
    folders = {each: cases.folder_of(cache, each) for each in sorted(roles)}
    for seed in tqdm(seeds, unit="phantom"):
        cases.make_each(seed, folders)


def apart(job: "partial[None]") -> None:
    """Run in a process of its own, which has what this one imported.

    Raises
    ------
    SystemExit
        Where it did not end well; it says what stopped by the job's first argument.
    """
    process = get_context("fork").Process(target=job)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{job.args[0]}: stopped with {process.exitcode}")


def train_within(
    cpu_seconds: float, family: str, cache: Path, checkpoint: Path, seeds: Sequence[int]
) -> fit.Fit:
    """A family's training on phantoms of these seeds, begun, continued or as it ended."""
    known = families.family_of(family)
    recipe = fit.Recipe(
        loss=known.loss,
        drawing=known.sampling,
        rate=known.rate,
        cpu_seconds=cpu_seconds,
        batch=1,
        warm_up=10,
        sampling=patches.Sampling(size=known.patch),
        save_every=20,
    )
    torch.manual_seed(recipe.seed)
    folder = cases.folder_of(cache, known.inputs)
    return fit.fit(families.build(family), folder, checkpoint, recipe, "cpu", seeds)
