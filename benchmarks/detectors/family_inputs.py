"""Test and validation phantoms as networks are given them: read and prepared once for all families.

What is the same for every family of the same series is done once, timed once and kept: a phantom,
its files, their reading and their preparation. Keep it as long as `inference.preprocess` stays as
it is; it is beside the checkpoints, so that both go together.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from inference import phantom
from inference.preprocess import SERIES, Prepared, reference_of
from inference.training import cases, evaluate
from inference.volume import Volume

_VOXELS, _LABELS, _REST = "voxels.npy", "labels.npy", "rest.json"
SHIFTED_LESIONS = 4  # phantoms of shifts have at least so many: the rare ones say most


def seeds_of(shift: str, count: int) -> list[int]:
    """The test phantoms of a shift: the first ones, under a shift the first with several lesions.

    They are chosen by the number of lesions that they are made with, before any is seen.
    """
    if shift == "none":
        return by_lesions(cases.TEST_SEEDS[:count])
    several = [s for s in cases.TEST_SEEDS if cases.lesion_count(s) >= SHIFTED_LESIONS]
    return several[:count]


def by_lesions(seeds: Sequence[int]) -> list[int]:
    """Those with most lesions first: a dear family sees the first ones alone."""
    return sorted(seeds, key=lambda seed: -cases.lesion_count(seed))


def given(
    seed: int, shift: str, inputs: tuple[str, ...], phantoms: Path, kept: Path
) -> evaluate.Given:
    """A phantom as networks of these series are given it, and the CPU seconds that took once.

    Its volumes are left out, and of the reference's voxels only the grid is true: networks and
    candidates need no more.
    """
    name = f"given-v{phantom.VERSION}-{shift}-{'-'.join(inputs)}-{seed}"
    if not (kept / name).exists():
        _keep(_made(seed, shift, inputs, phantoms), kept / name)
    return _load(kept / name, inputs)


def _made(seed: int, shift: str, inputs: tuple[str, ...], phantoms: Path) -> evaluate.Given:
    """From DICOM files, those series alone that a family takes (and T1c, which the truth is on).

    Every phantom is written with its CT, so that it is made once for all families.
    """
    torch.set_num_threads(1)
    made = cases.load_examination(cases.make_examination(seed, phantoms, shift, SERIES))
    taken = {role: made.series[role] for role in SERIES if role in {"t1c", *inputs}}
    needs = (reference_of(inputs),)
    return evaluate.give(replace(made, series=taken), needs, inputs, time.process_time)


def _keep(made: evaluate.Given, path: Path) -> None:
    """Write it whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.mkdir(parents=True, exist_ok=True)
    np.save(part / _VOXELS, made.ready.voxels)
    np.save(part / _LABELS, made.labels)
    rest: dict[str, Any] = {
        "seed": made.examination.seed,
        "lesions": made.examination.lesions,
        "seconds": made.seconds,
        "affine": made.ready.affine.tolist(),
        "missing": made.ready.missing,
        "reference": made.reference.affine.tolist(),
    }
    (part / _REST).write_text(json.dumps(rest))
    part.replace(path)


def _load(path: Path, inputs: tuple[str, ...]) -> evaluate.Given:
    rest = json.loads((path / _REST).read_text())
    labels = np.load(path / _LABELS)
    ready = Prepared(
        np.load(path / _VOXELS), np.array(rest["affine"]), tuple(rest["missing"]), inputs
    )
    empty = np.broadcast_to(np.float32(0), labels.shape)
    reference = Volume(empty, np.array(rest["reference"]), ready.reference)
    examination = cases.Examination(rest["seed"], {}, labels, rest["lesions"])
    return evaluate.Given(examination, reference, labels, ready, {}, rest["seconds"])
