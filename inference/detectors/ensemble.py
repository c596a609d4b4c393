"""Several trained families that answer together: the mean of their logits, their spread apart.

The card's file is a folder (or a zip file of it) with a safetensors file a member, named by the
option `members`: `[{"family": "unet-3d", "weights": "a.safetensors"}, ...]`. Heat maps are of the
first.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from inference.detector import Card, Detector
from inference.detectors import families
from inference.detectors.archive import Archive, UnusableModel
from inference.detectors.voxelwise import VoxelwiseDetector, chosen_device

MOST = 16  # members: each costs its passes over the head


def load(card: Card, weights: bytes, device: str | None) -> Detector:
    """Load the members with the ensemble's checked file.

    Raises
    ------
    UnusableModel
        For no members or too many, and for members that see different series.
    """
    members = _members(card.options.get("members"))
    archive = Archive(weights, members[0]["weights"])
    known = [families.family_of(each["family"]) for each in members]
    inputs = {each.inputs for each in known}
    if len(inputs) > 1:
        raise UnusableModel("the members see different series: make an ensemble of those alike")
    networks = []
    for each in members:
        try:
            content = archive.read(each["weights"])
            networks.append(families.filled(each["family"], content))
        except (RuntimeError, ValueError) as wrong:
            if isinstance(wrong, UnusableModel):
                raise
            raise UnusableModel(f"{each['weights']} does not fit {each['family']}") from wrong
    windows = [each.window for each in known if each.window is not None]
    return VoxelwiseDetector(
        card,
        networks[0],
        chosen_device(device),
        window=min(windows, default=None),
        opinions=card.options.get("opinions", "once"),
        others=networks[1:],
        inputs=inputs.pop(),
    )


def _members(named: Any) -> Sequence[Mapping[str, str]]:
    is_list = isinstance(named, list) and 0 < len(named) <= MOST
    if not is_list or not all(
        isinstance(each, dict) and {"family", "weights"} <= each.keys() for each in named
    ):
        raise UnusableModel(f"name 1 to {MOST} members by the option members, each with family"
                            " and weights")  # fmt: skip
    return list(named)
