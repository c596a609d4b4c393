"""Brain, skull, scalp and skull base of one individual."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import ndimage

from inference.phantom import template
from inference.phantom.fields import Array, Box, box_around, smooth_field
from inference.phantom.template import ORIGIN, SHAPE
from inference.phantom.tissues import INDEX, Tissues
from inference.phantom.warp import Deformation, individual, pull

_JAW_MM = 13.0  # by which the jaw is narrower than the cranium, on each side
_SKULL_BASE_TOP = ORIGIN[0] + 12  # slices below may hold parts of face and skull base


@dataclass(frozen=True)
class Head:
    """One individual's head, before vessels and lesions."""

    tissues: Tissues
    brain: Array  # soft mask 0-1
    inside_hull_mm: Array  # depth below the dura, negative outside
    deformation: Deformation
    template_mm: Array  # (3, z, y, x)

    @cached_property
    def inwards(self) -> Array:
        """The gradient of the depth below the dura, so inwards: (3, z, y, x)."""
        return np.stack([np.asarray(part) for part in np.gradient(self.inside_hull_mm)])


def build(rng: np.random.Generator) -> Head:
    """Draw a head: a deformed template, its own folding, skull, scalp, face."""
    base = template.load()
    deformation = individual(rng)
    where = deformation.template_mm
    at = np.stack([mm + origin for mm, origin in zip(where, ORIGIN, strict=True)])
    brain = pull(base.brain, at)
    hull = ndimage.gaussian_filter(pull(base.inside_hull_mm, at), 1.5)
    head = ndimage.gaussian_filter(pull(base.inside_head_mm, at), 5)  # scalp is smooth
    _narrow(head, hull, where)
    tissues = Tissues.blank(SHAPE)
    _scalp_and_skull(tissues, hull, head, rng)
    _skull_base(tissues, deformation, where, 1 - brain, rng)
    _brain(tissues, pull(base.grey, at), pull(base.white, at), brain, rng)
    return Head(tissues, brain, hull, deformation, where)


def _narrow(head: Array, hull: Array, where: Array) -> None:
    """Bring the sides of face and neck in below the skull base, as far as the skull leaves room.

    The template's block of face and neck is as wide as the cranium where that is widest.
    """
    low = slice(0, ORIGIN[0] - 10)
    z, _, x = where[:, low]
    inwards = np.clip((-15 - z) / 30, 0, 1) * np.clip((np.abs(x) - 30) / 30, 0, 1)
    narrowed = head[low] - np.float32(_JAW_MM) * inwards
    np.maximum(narrowed, np.minimum(head[low], hull[low]), out=head[low])


def _brain(
    tissues: Tissues, grey: Array, white: Array, brain: Array, rng: np.random.Generator
) -> None:
    """Give the template's blurred tissue maps a folding of their own and lay them down.

    Random fields shift the tissues' log-odds, and a gain sharpens them: each subject has sulci,
    ventricles and cortical thickness that the template has not.
    """
    csf = np.clip(1 - grey - white, 0, 1)
    depth = ndimage.gaussian_filter(brain, 3)  # about 0.5 at the pial surface, 1 inside
    atrophy = rng.uniform(-0.5, 0.4)
    fine, wide = (4.5, 9.0)
    logits = np.stack(
        [
            np.log(grey + 0.03) + smooth_field(rng, SHAPE, fine, 0.38),
            np.log(white + 0.03) + smooth_field(rng, SHAPE, fine, 0.45),
            np.log(csf + 0.03) + smooth_field(rng, SHAPE, wide, 0.35) + atrophy - 0.4,
        ]
    )
    logits[2] += 0.9 * np.clip(2 - 2 * depth, 0, 1)
    logits *= np.float32(2.4)
    logits -= logits.max(0)
    np.exp(logits, out=logits)
    logits *= brain / logits.sum(0)
    deep = _deep_grey(logits[0], logits[1], brain)
    for number in tissues.present:
        tissues.fractions[number] *= 1 - brain
    parts = {"csf": logits[2], "white": logits[1], "deep_grey": deep, "grey": logits[0] - deep}
    for name, part in parts.items():
        tissues.fractions[INDEX[name]] += part
        tissues.present.add(INDEX[name])


def _deep_grey(grey: Array, white: Array, brain: Array) -> Array:
    """The part of grey matter that lies deep inside: basal ganglia and thalamus."""
    inside = ndimage.uniform_filter(brain, 33)
    near = ndimage.uniform_filter(grey, 7) > 0.35
    deep = grey * np.clip((inside - 0.93) / 0.05, 0, 1) * near
    return np.asarray(deep * (white < 0.6), dtype=np.float32)


def _scalp_and_skull(tissues: Tissues, hull: Array, head: Array, rng: np.random.Generator) -> None:
    """Shells from the dura outwards, each of its own uneven thickness."""

    def thickness(mean: float, spread: float) -> Array:
        return np.asarray(np.maximum(mean + smooth_field(rng, SHAPE, 22, spread), 0.4))

    def shell(low: Array | float, high: Array | float, depth: Array) -> Array:
        return np.asarray(np.clip(depth - low + 0.5, 0, 1) * np.clip(high - depth + 0.5, 0, 1))

    out = -hull  # mm outside the dura
    beyond = -head  # mm outside the cranium and the block of face and neck
    csf = thickness(1.6, 0.8)
    inner = csf + thickness(1.7, 0.35)
    diploe = inner + thickness(3.0, 1.3)
    outer = diploe + thickness(1.6, 0.35)
    skin = 12.5 + smooth_field(rng, SHAPE, 60, 1.2)
    fat = skin - np.float32(2)
    face = (out > outer) & (beyond < skin - 6)
    texture = smooth_field(rng, SHAPE, 9)
    tissues.put("muscle", np.clip(skin - beyond + 0.5, 0, 1))
    tissues.put("fat", np.asarray(np.clip(fat - beyond + 0.5, 0, 1)))
    tissues.put("muscle", np.asarray(face * np.clip(1.1 + texture, 0, 1)))
    tissues.put("bone", shell(csf, outer, out))
    marrow = np.clip(0.55 + 0.25 * smooth_field(rng, SHAPE, 10), 0.1, 0.9)
    tissues.put("fat", np.asarray(shell(inner + 0.5, diploe - 0.5, out) * marrow))
    tissues.put("dura", shell(csf - 0.9, csf, out) * np.float32(0.8))
    tissues.put("csf", np.clip(csf - 0.4 - out, 0, 1))


def _skull_base(
    tissues: Tissues, deformation: Deformation, where: Array, room: Array, rng: np.random.Generator
) -> None:
    """Orbits, paranasal sinuses, petrous bones, by their places in the template (mm, MNI)."""
    cells = smooth_field(rng, (_SKULL_BASE_TOP, *SHAPE[1:]), 3.2)
    deep = _below_skin(tissues, cells.shape)
    for name, centre, radii, fill in _PARTS:
        sides = (-1, 1) if centre[0] else (1,)
        for side in sides:
            mm = np.array([centre[0] * side, centre[1], centre[2]]) + rng.normal(0, 1.2, 3)
            size = np.array(radii) * rng.normal(1, 0.08, 3)
            centre_voxel = deformation.to_subject(np.array([[mm[2], -mm[1], -mm[0]]]))[0]
            box = box_around(centre_voxel, 1.2 * float(size.max()) + 4, cells.shape)
            at = where[(slice(None), *box)]
            part = _ellipsoid(at, mm, size) * room[box] * np.float32(fill)
            if name in _IN_ORBIT:
                part *= np.clip(8 * (deep[box] - np.float32(_IN_ORBIT[name])), 0, 1)
            elif name == "eye":
                in_front = np.clip((-at[1] - np.float32(mm[1] + 1)) / 3, 0, 1)
                tissues.put("muscle", _ellipsoid(at, mm, size + _LID_MM) * in_front, box)
            _fill(tissues, name, part, cells[box], box)


def _below_skin(tissues: Tissues, shape: tuple[int, ...]) -> Array:
    """How far inside the skin: 0 well outside, 0.5 at it, 1 from about 8 mm on.

    Of the front of the head; behind, where nothing asks, 1.
    """
    deep = np.ones(shape, np.float32)
    front = (slice(0, shape[0]), slice(0, max(1, ORIGIN[1] - 30)))
    deep[front] = ndimage.gaussian_filter(1 - tissues["air"][front], 4, truncate=2)
    return deep


def _ellipsoid(at: Array, centre_mni: np.ndarray, radii: np.ndarray) -> Array:
    """Soft ellipsoid; centre and radii in MNI millimetres (right, anterior, superior)."""
    z, y, x = centre_mni[2], -centre_mni[1], -centre_mni[0]
    rho = np.sqrt(
        ((at[0] - z) / radii[2]) ** 2
        + ((at[1] - y) / radii[1]) ** 2
        + ((at[2] - x) / radii[0]) ** 2
    )
    return np.asarray(np.clip((1 - rho) * np.float32(radii.mean()) + 0.5, 0, 1))


def _fill(tissues: Tissues, name: str, part: Array, cells: Array, box: Box) -> None:
    """Lay a part down; air spaces get a mucosal lining, cellular bone gets cells."""
    if name == "sinus":
        tissues.put("mucosa", part, box)
        tissues.put("air", np.clip(part * 2.2 - 1.1, 0, 1) * np.clip(1.6 + cells, 0, 1), box)
    elif name == "cells":
        tissues.put("bone", part, box)
        tissues.put("air", part * np.clip(cells * 1.6 + 0.2, 0, 1), box)
    elif name == "marrow":
        tissues.put("bone", part, box)
        tissues.put("fat", np.clip(part * 3 - 2, 0, 1) * np.float32(0.7), box)
    else:
        tissues.put(_CLASS_OF.get(name, name), part, box)


_LID_MM = 2.6
_IN_ORBIT = {"wall": 0.8, "pad": 0.55}  # how deep each begins: no bone stands before an eye
_CLASS_OF = {"wall": "bone", "pad": "fat", "eye": "dura"}
# what, centre (right, anterior, superior) in MNI mm, radii mm, filling. Sides mirror.
_PARTS: tuple[tuple[str, tuple[float, float, float], tuple[float, float, float], float], ...] = (
    ("wall", (34, 50, -36), (21, 29, 19), 0.9),  # wall of the orbit
    ("pad", (33, 50, -36), (18.5, 27, 16.5), 1.0),  # orbital fat
    ("muscle", (26, 44, -36), (2.4, 18, 4.5), 0.9),  # medial rectus
    ("muscle", (40, 44, -36), (2.4, 18, 4.5), 0.9),  # lateral rectus
    ("muscle", (33, 44, -28), (4.5, 18, 2.2), 0.9),  # superior rectus
    ("muscle", (33, 44, -44), (4.5, 18, 2.2), 0.9),  # inferior rectus
    ("white", (30, 40, -36), (2.2, 20, 2.2), 1.0),  # optic nerve
    ("eye", (33, 62, -36), (12.5, 12.5, 12.5), 1.0),  # sclera, and lids before it
    ("csf", (33, 62, -36), (11.2, 11.2, 11.2), 1.0),  # vitreous body
    ("muscle", (33, 71, -36), (4.6, 2.4, 4.6), 0.9),  # lens
    ("bone", (0, 30, -42), (18, 40, 12), 0.8),  # floor of the anterior fossa, clivus
    ("sinus", (6.5, 50, -40), (7, 17, 12), 1.0),  # ethmoid cells
    ("sinus", (7, 20, -42), (8.5, 11, 8), 1.0),  # sphenoid sinus
    ("sinus", (10, 76, -14), (9, 4, 10), 1.0),  # frontal sinus
    ("sinus", (29, 42, -68), (13, 16, 12), 1.0),  # maxillary sinus
    ("sinus", (6, 48, -64), (5, 26, 13), 1.0),  # nasal cavity
    ("sinus", (0, 8, -70), (9, 9, 14), 1.0),  # nasopharynx
    ("marrow", (0, -14, -46), (11, 7, 18), 1.0),  # clivus
    ("marrow", (30, -24, -38), (19, 7.5, 8), 1.0),  # petrous bone
    ("cells", (52, -38, -42), (10, 14, 16), 1.0),  # mastoid cells
    ("bone", (45, -26, -36), (9, 7, 7), 1.0),  # inner ear, dense
)
