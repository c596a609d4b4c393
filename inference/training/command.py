"""`python -m inference train`: its options, and from them a recipe. torch comes when it runs."""

import argparse
import hashlib
from dataclasses import replace
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from inference import arguments
from inference.detector import require_device

if TYPE_CHECKING:
    from inference.detectors.families import Family
    from inference.training.fit import Recipe

CACHE = Path("var/training")
DEFAULT_FAMILY = "space-to-depth"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command and its options."""
    one = commands.add_parser("train", help="make training phantoms and train; resumes")
    one.add_argument("--cache", type=Path, default=CACHE)
    one.add_argument("--cases", type=arguments.count, default=120)
    one.add_argument("--steps", type=arguments.count, default=4000)
    one.add_argument(
        "--workers", type=arguments.count, default=1, help="processes that make phantoms"
    )
    one.add_argument("--device", type=arguments.device, default="cpu")
    one.add_argument("--family", default=DEFAULT_FAMILY, help="`families` lists them")
    one.add_argument("--checkpoint", type=Path, help="default: CACHE/FAMILY.pt")
    one.add_argument(
        "--rate", type=arguments.positive, help="highest learning rate; default: the family's"
    )
    words = "seed of the first phantom (1000), to learn from others than the weights given did"
    one.add_argument("--first", type=int, help=words)
    one.add_argument(
        "--begin", type=arguments.count, help="phantoms to begin with; default: all of them"
    )
    one.add_argument("--weights", type=Path, help="safetensors to go on from; default: none")
    one.add_argument("--plan", type=int, default=2, help="of the phantoms, see training/cases.py")
    one.add_argument(
        "--alone", type=arguments.share, help="share of patches of the first series alone"
    )
    one.add_argument("--loss", help="by name (inference/losses.py); default: the family's")
    words = "how much sensitivity weighs in VSS and JVSS, 0 to 1; default: 0.995"
    one.add_argument("--alpha", type=arguments.share, help=words)
    one.set_defaults(run=run)


def training_seeds(first: int | None, count: int) -> range:
    """So many seeds of training phantoms; a `ValueError` for those that measure."""
    from inference.training.cases import TRAINING_SEEDS

    start = TRAINING_SEEDS.start if first is None else first
    seeds = range(start, start + count)
    if not seeds or not (seeds[0] in TRAINING_SEEDS and seeds[-1] in TRAINING_SEEDS):
        allowed = f"{TRAINING_SEEDS.start} to {TRAINING_SEEDS.stop - 1}"
        raise ValueError(f"training takes one phantom or more, of seeds {allowed}: others measure")
    return seeds


def recipe_of(options: argparse.Namespace, family: "Family", begin: bytes | None) -> "Recipe":
    """The recipe that the options say, the family's where they say nothing.

    Raises
    ------
    ValueError
        For a plan, a loss or a share that there is not, and phantoms that measure.
    """
    from inference import losses
    from inference.training import cases, fit, patches

    if options.plan not in cases.PLANS:
        raise ValueError(f"no plan {options.plan}; there are: {', '.join(map(str, cases.PLANS))}")
    sampling = patches.Sampling(size=family.patch)
    if options.alone is not None:
        sampling = replace(sampling, alone=options.alone)
    seeds = training_seeds(options.first, options.cases)
    loss = options.loss or family.loss
    losses.chosen(loss, options.alpha)
    return fit.Recipe(
        steps=options.steps,
        loss=loss,
        alpha=options.alpha,
        rate=options.rate or family.rate,
        warm_up=min(fit.Recipe.warm_up, max(1, options.steps // 10)),
        begun_from=hashlib.sha256(begin).hexdigest() if begin else None,
        plan=options.plan,
        phantom_seeds=(seeds.start, seeds.stop - 1),
        sampling=sampling,
        drawing=family.sampling,
    )


def run(options: argparse.Namespace) -> None:
    """Make what phantoms lack, train, and say what to do next."""
    import torch

    from inference.detectors import families
    from inference.training import cases, fit

    family = families.family_of(options.family)
    require_device(options.device)
    options.cache.mkdir(parents=True, exist_ok=True)
    begin = options.weights.read_bytes() if options.weights else None
    recipe = recipe_of(options, family, begin)
    torch.manual_seed(recipe.seed)
    checkpoint = options.checkpoint or options.cache / f"{options.family}.pt"
    if begin:
        network = fit.mended(families.filled(options.family, begin))
    else:
        network = families.build(options.family)
    if (options.loss or options.alpha is not None) and hasattr(network, "loss"):
        raise ValueError(f"{options.family} has a loss of its own: leave --loss and --alpha away")
    seeds = training_seeds(options.first, options.cases)
    cache = cases.folder_of(options.cache, family.inputs)
    make = partial(cases.make, folder=cache, roles=family.inputs, number=options.plan)
    with get_context("spawn").Pool(options.workers) as pool:
        made = pool.imap(make, seeds)
        first = len(seeds) if options.begin is None else options.begin
        list(tqdm(islice(made, first), total=first, unit="phantom"))
        # The others are made while it trains, which takes them up as they appear.
        fit.fit(network, cache, checkpoint, recipe, options.device, seeds)
    then = f"python -m inference calibrate {checkpoint} --family {options.family}"
    print(f"{checkpoint}: next `{then}`")  # noqa: T201 -- a command's answer
