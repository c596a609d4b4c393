"""Detectors whose network answers for every voxel: preparation, inference, candidates."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import nn

from inference.detector import Card
from inference.explain import explain
from inference.lesions import Lesion
from inference.preprocess import Prepared, prepare, resample
from inference.volume import Volume

MIN_VOLUME_MM3 = 1.5
WEAKEST = 0.05  # voxels below this probability belong to no candidate
_ALL_NEIGHBOURS = np.ones((3, 3, 3), bool)


@dataclass(frozen=True)
class Candidate:
    """A connected piece of the probability map."""

    mask: NDArray[np.uint8]
    offset: tuple[int, int, int]
    score: float  # logit of the highest voxel, mean over the mirrored passes
    scores: tuple[float, ...]  # of each pass


class VoxelwiseDetector:
    """A network over the whole head in one pass, mirrored left to right for a second opinion."""

    def __init__(self, card: Card, network: nn.Module, device: str) -> None:
        self.card = card
        self.name, self.version = card.name, card.version
        self.weights_sha256, self.needs = card.weights_sha256, card.needs
        self.device = torch.device(device)
        self.network = network.to(self.device).eval()

    def detect(self, examination: Mapping[str, Volume]) -> list[Lesion]:
        """Return lesions above the card's operating point, by falling probability.

        Raises
        ------
        UnusableExamination
            If a needed series is missing or T1c shows no head.
        """
        ready = prepare(examination, self.needs)
        passes = self.logits(ready)
        t1c = examination["t1c"]
        point = self.card.operating_point
        lesions = []
        for candidate in candidates(passes, ready, t1c, point["segmentation"]):
            each = [self.probability(score) for score in candidate.scores]
            probability = self.probability(candidate.score)
            if probability >= point["probability"]:
                lesion = Lesion(
                    candidate.mask,
                    candidate.offset,
                    t1c.affine,
                    probability,
                    float(np.std(each)) if len(each) > 1 else None,
                )
                lesions.append(explain(lesion, ready))
        return sorted(lesions, key=lambda lesion: -lesion.probability)

    def probability(self, score: float) -> float:
        """Calibrated probability of a candidate: its logit, scaled and shifted."""
        point = self.card.operating_point
        return float(1 / (1 + np.exp(-(score / point["temperature"] + point["bias"]))))

    @torch.inference_mode()
    def logits(self, ready: Prepared, *, mirror: bool = True) -> NDArray[np.float32]:
        """Return logits (pass, z, y, x): as it is, and mirrored left to right."""
        voxels = torch.from_numpy(ready.voxels)[None].to(self.device)
        inputs = [voxels, voxels.flip(-1)] if mirror else [voxels]
        outputs = []
        for number, image in enumerate(inputs):
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self._is_bfloat16_fast()):
                out = self.network(image.to(memory_format=torch.channels_last_3d)).float()
            outputs.append((out.flip(-1) if number else out)[0, 0])
        return np.asarray(torch.stack(outputs).cpu().numpy())

    def _is_bfloat16_fast(self) -> bool:
        if self.device.type == "cuda":
            return bool(torch.cuda.is_bf16_supported())
        supported = torch.ops.mkldnn._is_mkldnn_bf16_supported  # noqa: SLF001  no public name
        available = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        return bool(available and supported())


def candidates(
    passes: NDArray[np.float32], ready: Prepared, t1c: Volume, segmentation: float
) -> list[Candidate]:
    """Connected pieces of the mean map, on the grid of T1c.

    A piece is cut at the probability `segmentation`, or, where its peak is weak, at half of its
    peak: faint small lesions become candidates without large ones growing or merging.
    """
    z, y, x = t1c.voxels.shape
    maps = [resample(Volume(one, ready.affine, ""), t1c.affine, (z, y, x)) for one in passes]
    for one in maps:
        one[one == 0] = -20.0  # outside the analysed box
    mean = np.mean(maps, axis=0)
    pieces, _ = ndimage.label(_cut(mean, segmentation), structure=_ALL_NEIGHBOURS)
    voxel_mm3 = float(np.prod(t1c.spacing_mm))
    found = []
    for number, box in enumerate(ndimage.find_objects(pieces), start=1):
        mask = pieces[box] == number
        if mask.sum() * voxel_mm3 < MIN_VOLUME_MM3:
            continue
        offset = (box[0].start, box[1].start, box[2].start)
        peaks = tuple(float(one[box][mask].max()) for one in maps)
        score = float(mean[box][mask].max())
        found.append(Candidate(mask.astype(np.uint8), offset, score, peaks))
    return found


def _cut(logits: NDArray[np.float32], segmentation: float) -> NDArray[np.bool_]:
    """Voxels of candidates: above `segmentation`, or above half of a weak piece's peak."""
    probability = (1 / (1 + np.exp(-np.clip(logits, -20, 20)))).astype(np.float32)
    kept = probability > segmentation
    weak, count = ndimage.label(probability > WEAKEST, structure=_ALL_NEIGHBOURS)
    if not count:
        return np.asarray(kept)
    for number, box in enumerate(ndimage.find_objects(weak), start=1):
        inside = weak[box] == number
        peak = float(probability[box][inside].max())
        if peak <= segmentation:
            kept[box] |= inside & (probability[box] > 0.5 * peak)
    return np.asarray(kept)
