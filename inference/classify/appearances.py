"""Synthetic lesions of each class. Seeded; no anatomy, only a lesion in white matter.

They look as `inference.phantom.looks` says, without the surroundings that whole heads have: cheap,
for comparing heads. `inference.classify.teaching` has the same classes in phantoms.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.classify.patches import SIDE, Patch
from inference.classify.questions import question_of
from inference.phantom.looks import LOOKS, Look, Range

Floats = NDArray[np.float32]


def make(question: str, seed: int) -> tuple[Patch, int]:
    """A lesion and the number of its class among the question's; equal seeds, equal lesions."""
    asked = question_of(question)
    rng = np.random.default_rng([seed, sorted(LOOKS).index(asked.classes[0])])
    number = int(rng.integers(len(asked.classes)))
    return draw(LOOKS[asked.classes[number]], rng), number


def draw(look: Look, rng: np.random.Generator) -> Patch:
    """One lesion of a look, as four series would show it."""
    radius = float(np.clip(rng.normal(*look.diameter_mm), 4, 40)) / 2
    rho = _distance(radius, _positive(rng, look.lobes), rng)
    inside = rho <= radius
    rim = _soft(radius - rho)
    core = _soft(radius * min(_positive(rng, look.core), 0.8) - rho)
    net = _field(rng, max(1.5, radius * 0.25))
    holes = np.clip((net - 1.2 + 2 * _positive(rng, look.net)) * 2, 0, 1)
    enhancing = rim * (1 - core) * (1 - 0.8 * holes)
    uptake = _positive(rng, look.uptake) * enhancing * (1 + 0.15 * _field(rng, 2))
    before = rng.normal(*look.bright_before) * rim
    softness = 1 + 5 * _positive(rng, look.infiltration)
    reach = _positive(rng, look.oedema_mm) * (1 + 0.35 * _field(rng, 8))
    oedema = np.clip((radius + reach - rho) / softness + 0.5, 0, 1) * (1 - 0.7 * enhancing)
    series = (
        before + uptake - 0.8 * core - 0.3 * oedema,
        before - 0.8 * core - 0.4 * oedema,
        0.5 * enhancing + 4 * core + 2.5 * oedema,
        0.5 * enhancing + 1.0 * core + 3 * oedema,
    )
    noise = rng.uniform(0.2, 0.5)
    voxels = [
        each + 0.4 * _field(rng, 6) + noise * rng.standard_normal(inside.shape) for each in series
    ]
    return Patch(np.stack(voxels).astype(np.float32), inside)


def _distance(radius: float, lobes: float, rng: np.random.Generator) -> Floats:
    """Distance from the middle (mm), stretched and uneven, so that a sphere becomes a lesion."""
    at = np.indices((SIDE,) * 3) - (SIDE - 1) / 2
    stretch = np.exp(rng.normal(0, 0.5 * lobes + 0.05, 3))
    rho = np.sqrt(((at / stretch[:, None, None, None]) ** 2).sum(0))
    edge = _field(rng, max(2.0, radius * 0.5))
    return np.asarray(rho * (1 + lobes * edge), dtype=np.float32)


def _field(rng: np.random.Generator, width: float) -> Floats:
    """A smooth random field of mean 0 and standard deviation 1."""
    half = (SIDE // 2,) * 3  # what is so smooth needs no finer grid
    made = ndimage.gaussian_filter(rng.standard_normal(half, np.float32), width / 2, truncate=3)
    made = ndimage.zoom(made, 2, order=1)
    return np.asarray(made / made.std(), dtype=np.float32)


def _soft(depth_mm: Floats) -> Floats:
    return np.asarray(np.clip(depth_mm + 0.5, 0, 1))


def _positive(rng: np.random.Generator, drawn: Range) -> float:
    return max(0.0, float(rng.normal(*drawn)))
