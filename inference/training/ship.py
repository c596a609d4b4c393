"""Turn a checkpoint into what the package ships: half-precision weights and a measured card."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as save_tensors
from tqdm import tqdm

from inference import detector as detectors
from inference import phantom
from inference.detector import WEIGHTS, Card, Detector, write_card
from inference.detectors import families
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.distances import DistanceRule
from inference.preprocess import reference_of
from inference.training import calibrate, evaluate, records
from inference.training.cases import load_examination
from inference.training.summary import summary as summarised

FALSE_POSITIVES_PER_CASE = 0.5
_BANNER = (
    "Trained and measured on synthetic phantoms only: nothing is known about its performance on"
    " patients. Research use; not a medical device."
)
_LIMITS = [
    "Synthetic phantoms look simpler than patients: expect more misses and more false positives.",
    "Not trained on haemorrhage of other causes, glioma, abscess, radiation necrosis, surgery.",
    "Leptomeningeal disease, dural and skull metastases are not detected.",
    "Needs a post-contrast T1 of the whole brain; on slices above 1.5 mm expect false proposals.",
]
_REFUSES = "Refuses an examination without {}: it finds too little there."


def pack(checkpoint: Path, target: Path) -> str:
    """Write the averaged weights of a checkpoint as safetensors; return their SHA-256.

    In float16, but a tensor that holds a value beyond its range (65,504; running variances of
    batch norms do) in float32. Counters that inference does not need (`num_batches_tracked`) are
    left out, and the further names of a layer that stands in the network under several.

    Raises
    ------
    ValueError
        Naming a tensor that is not finite.
    """
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    names: dict[object, str] = {}
    for name, tensor in state["average"].items():
        if tensor.is_floating_point():
            names.setdefault(families.identity(tensor), name)
    tensors = {name: _packed(name, state["average"][name]) for name in names.values()}
    metadata = {"steps": str(state["step"]), "trained_on": "synthetic phantoms only"}
    content = save_tensors(tensors, metadata=metadata)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def _packed(name: str, tensor: torch.Tensor) -> torch.Tensor:
    if not torch.isfinite(tensor).all():
        raise ValueError(f"{name} is not finite: train again, from weights that are")
    half = tensor.half()
    kept = half if torch.isfinite(half).all() else tensor.float()
    return kept.contiguous()


def training_of(checkpoint: Path) -> dict[str, Any]:
    """What a card says about how its weights came about."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    recipe = state.get("recipe", {})
    begun = recipe.get("begun_from")
    return {
        "checkpoint_steps": int(state["step"]),
        "cpu_seconds": round(state.get("seconds", 0.0)),
        "seed": recipe.get("seed"),
        **({"begun_from_sha256": begun} if begun else {}),
        **({"phantom_seeds": list(seeds)} if (seeds := recipe.get("phantom_seeds")) else {}),
        "script": "python -m inference train",
        "data": "synthetic phantoms only",
    }


def ship(
    checkpoint: Path,
    validation: Sequence[Path],
    segmentation: float,
    *,
    family: str,
    version: str = "1",
    folder: Path = WEIGHTS,
    needs: Sequence[str] = (),
) -> Path:
    """Pack a checkpoint's weights, calibrate them on validation phantoms, write the card.

    Without the series of `needs` (by default the reference alone) the detector refuses.
    """
    weights = folder / f"{family}-{version}.safetensors"
    digest = pack(checkpoint, weights)
    raw = {"segmentation": segmentation, "temperature": 1.0, "bias": 0.0, "probability": 0.5}
    reference = reference_of(families.family_of(family).inputs)
    more = [role for role in needs if role != reference]
    words: dict[str, Any] = {
        "banner": _BANNER,
        "training": training_of(checkpoint),
        "limits": [*_LIMITS, *(_REFUSES.format(role.upper()) for role in more)],
    }
    card = Card(
        family, version, family, weights.name, digest, (reference, *more), raw, words,
        folder=str(folder),
    )  # fmt: skip
    write_card(card, folder)
    results = list(_ran(detectors.load_card(card), validation))
    point = calibrate.operating_point(
        [each.score for each in results], segmentation, FALSE_POSITIVES_PER_CASE
    )
    return write_card(replace(card, operating_point=point), folder)


def measure(
    name_at_version: str,
    folders: Sequence[Path],
    out: Path,
    shift: str = "none",
    distance: DistanceRule | None = None,
) -> dict[str, Any]:
    """Measure a detector on held-out phantoms and keep raw scores.

    In distribution the card's performance is filled in; under a shift the summary is answered and
    the raw scores lie beside the others, as `NAME-VERSION.SHIFT.jsonl`. Each case's are kept as it
    is done, beside the examinations, under a hash of weights, operating point and the phantoms'
    version: a run that was stopped, or that is to be of more cases, or to count by another
    `distance`, goes on from there.
    """
    card = detectors.card_of(name_at_version)
    out.mkdir(parents=True, exist_ok=True)
    kind = "" if shift == "none" else f".{shift}"
    target = out / f"{card.name}-{card.version}{kind}.jsonl"
    of = f"{card.weights_sha256}|{sorted(card.operating_point.items())}|{phantom.VERSION}"
    digest = hashlib.sha256(of.encode()).hexdigest()[:12]
    results = _continued(card, folders, folders[0].parent / f"{target.stem}.{digest}.jsonl")
    records.save(results, target)
    found = summarised(results, *threshold_of(card), distance)
    if shift == "none":
        measured = {**card.words, "performance": found}
        write_card(replace(card, words=measured), Path(card.folder))
    return found


def _continued(card: Card, folders: Sequence[Path], kept: Path) -> list[records.Timed]:
    """Results of these examinations: those that are kept, and the others, added to them."""
    seeds = [load_examination(folder).seed for folder in folders]
    before = records.read(kept) if kept.exists() else []
    records.save(before, kept)
    there = {each.seed: each for each in before}
    missing = [f for seed, f in zip(seeds, folders, strict=True) if seed not in there]
    for each in _ran(detectors.load_card(card), missing):
        records.add(each, kept)
        there[each.seed] = each
    return [there[seed] for seed in seeds]


def threshold_of(card: Card) -> tuple[float, float, float]:
    """The operating point's score, and temperature and bias, as `summary` takes them."""
    point = card.operating_point
    temperature, bias = point["temperature"], point["bias"]
    return temperature * (calibrate.logit(point["probability"]) - bias), temperature, bias


def _ran(detector: Detector, folders: Sequence[Path]) -> Iterator[records.Timed]:
    if not isinstance(detector, VoxelwiseDetector):
        raise TypeError(f"{detector.name} is not voxelwise: it has no candidates to calibrate")
    level = detector.card.operating_point["segmentation"]
    yield from tqdm(evaluate.evaluate(detector, folders, level), total=len(folders), unit="case")
