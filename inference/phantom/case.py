"""One synthetic examination with its truth."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.geometry import longest_axial_diameter_mm
from inference.phantom import (
    acquisition,
    anatomy,
    ct,
    ears,
    kinds,
    lesions,
    meninges,
    perivascular,
    scanner,
    signal,
    vessels,
)
from inference.phantom.fields import Array, Points
from inference.phantom.lesions import Planted, Sizes
from inference.phantom.scanner import Scanner
from inference.phantom.shifts import SHIFTS, Shift
from inference.volume import Volume

VERSION = "2"  # changes when the same seed gives another case


@dataclass(frozen=True)
class TruthLesion:
    """A lesion of the reference standard.

    `mask` (uint8; z, y, x) is cropped; `offset` is the index of its first voxel in T1c.
    """

    id: int
    kind: str  # solid, ring, haemorrhagic, leptomeningeal, at-vessel, or one of `kinds`
    centroid_mm: tuple[float, float, float]  # LPS
    diameter_mm: float  # longest in the axial plane, measured on the mask
    volume_mm3: float
    mask: NDArray[np.uint8]
    offset: tuple[int, int, int]


@dataclass(frozen=True)
class PhantomCase:
    """A synthetic examination: four series in patient space, and what is in them."""

    seed: int
    series: dict[str, Volume]  # by role: t1c, t1, t2, flair; ct where it was asked for
    lesions: list[TruthLesion]  # less those without a voxel of T1c: outside, or within another's
    scanner: Scanner
    labels: NDArray[np.uint8]  # lesion numbers on the grid of T1c
    brain: NDArray[np.bool_]  # on the grid of T1c
    vessels: NDArray[np.bool_]  # on the grid of T1c
    to_patient: Points  # (4, 4): the anatomy's voxels (z, y, x) -> LPS mm


@dataclass(frozen=True)
class Besides:
    """What grows in a head besides metastases in general; what finds no room is left out.

    Attributes
    ----------
    leptomeningeal
        Leptomeningeal deposits, see `inference.phantom.meninges`.
    at_vessels
        Small metastases at a vessel's wall, see `inference.phantom.perivascular`.

    Raises
    ------
    ValueError
        If a number is negative.
    """

    leptomeningeal: int = 0
    at_vessels: int = 0

    def __post_init__(self) -> None:
        for name, number in asdict(self).items():
            if number < 0:
                raise ValueError(f"{name} is {number}: give 0 or more")


NOTHING = Besides()
MOST_LESIONS = 200  # that may be asked for: their numbers are kept in 8 bits, some may be drawn


def make_case(
    seed: int,
    *,
    n_lesions: int | None = None,
    sizes: Sizes = lesions.USUAL,
    shift: Shift = SHIFTS["none"],
    with_ct: bool = False,
    of_kinds: Sequence[str] | None = None,
    dry: float = 0.0,
    besides: Besides = NOTHING,
) -> PhantomCase:
    """Make one synthetic brain MRI.

    Parameters
    ----------
    seed
        The same seed, options and `VERSION` give the same case to the last bit on one machine.
    n_lesions
        How many metastases (a few fewer if there is no room); None draws 1 to 22; 0 gives a head
        without metastases, with the vessels that mimic them.
    sizes
        What the metastases' diameters are drawn from.
    shift
        What is unlike the usual: slice spacing of T1c (1.0, 1.2 or 1.5 are drawn), factor on
        contrast uptake (0.75 to 1.25), the machine.
    with_ct
        Also a CT after contrast of the same head; the MR series are the same with and without it.
    of_kinds
        Instead of metastases in general one lesion of each class named here, see
        `inference.phantom.kinds`; one without room is left out. `n_lesions` and `sizes` do not
        matter then.
    dry
        Of metastases in general, the share that is without oedema whatever its size, besides those
        (most of the small ones) that have none anyway. Heads, lesions and noise are those of the
        same seed without it.
    besides
        What else grows there; nothing else changes by it.

    Raises
    ------
    ValueError
        If a number of lesions is negative, more than `MOST_LESIONS` are asked for, `dry` is not a
        share, or for a class that is not known.
    """
    if n_lesions is not None and n_lesions < 0:
        raise ValueError(f"n_lesions is {n_lesions}: give 0 or more, or None to draw a number")
    asked = (n_lesions or 0) + besides.leptomeningeal + besides.at_vessels
    if asked > MOST_LESIONS:
        raise ValueError(f"{asked} lesions are asked for: give {MOST_LESIONS} or fewer in all")
    if not 0 <= dry <= 1:
        raise ValueError(f"dry is {dry}: give a share, 0 to 1")
    kinds.known(of_kinds or ())
    rng = np.random.default_rng(seed)
    head, dose, enhancing = _head(rng, shift.dose)
    if of_kinds is None:
        apart = np.random.default_rng([seed, 3])  # so that nothing else is drawn otherwise
        planted = lesions.plant(
            head, n_lesions, dose, rng, sizes, lambda: bool(apart.random() < dry)
        )
    else:
        planted = kinds.plant(head, of_kinds, dose, rng)
    planted += _besides(head, besides, planted, dose, seed)
    machine = scanner.draw(rng, shift.slice_mm)
    machine = machine if shift.alter is None else shift.alter(machine)
    case = _acquired(seed, head, planted, enhancing, machine, rng)
    if not with_ct:
        return case
    own = np.random.default_rng([seed, 2])
    scanned = ct.acquire(head.tissues, case.to_patient, own)
    return replace(case, series={**case.series, "ct": scanned})


def _besides(
    head: anatomy.Head, what: Besides, planted: list[Planted], dose: float, seed: int
) -> list[Planted]:
    """Each kind by random numbers of its own, so that nothing else is drawn otherwise."""
    more: list[Planted] = []
    for stream, count, grown in (
        (4, what.leptomeningeal, meninges.coat),
        (5, what.at_vessels, perivascular.plant),
    ):
        if count:
            rng = np.random.default_rng([seed, stream])
            more += grown(head, count, [*planted, *more], dose, rng)
    return more


def make_earlier(seed: int, *, n_lesions: int | None = None, shrink: float = 0.6) -> PhantomCase:
    """Make the same head as `make_case(seed, n_lesions=n_lesions)` at an earlier examination.

    Its metastases lie where the later ones do, `shrink` times as wide; those that would be under
    2 mm are not there yet. Another scanner, another position of the head: only the anatomy is the
    same.

    Raises
    ------
    ValueError
        If `n_lesions` is negative, or `shrink` does not lie between 0 and 1.
    """
    if n_lesions is not None and n_lesions < 0:
        raise ValueError(f"n_lesions is {n_lesions}: give 0 or more, or None to draw a number")
    if not 0 < shrink < 1:
        raise ValueError(f"shrink is {shrink}: an earlier lesion is smaller, between 0 and 1")
    rng = np.random.default_rng(seed)
    head, dose, enhancing = _head(rng, None)
    planted = lesions.plant(deepcopy(head), n_lesions, dose, rng)
    own = np.random.default_rng([seed, 1])
    before = lesions.plant_smaller(head, planted, shrink, dose, own)
    return _acquired(seed, head, before, enhancing, scanner.draw(own, None), own)


def _head(
    rng: np.random.Generator, dose: float | None
) -> tuple[anatomy.Head, float, vessels.Enhancing]:
    """A head with its vessels, before anything grows in it; the dose of contrast."""
    head = anatomy.build(rng)
    drawn = float(rng.uniform(0.75, 1.25))  # where it is given too: all else is drawn alike then
    dose = drawn if dose is None else dose
    return head, dose, vessels.add(head, dose, rng)


def _acquired(
    seed: int,
    head: anatomy.Head,
    planted: list[Planted],
    enhancing: vessels.Enhancing,
    machine: Scanner,
    rng: np.random.Generator,
) -> PhantomCase:
    """The head on the machine, with the truth on the grid of T1c."""
    ears.add(head, np.random.default_rng([seed, 6]))  # so that nothing else is drawn otherwise
    to_patient = acquisition.anatomy_affine(rng.normal(0, (2, 8, 12)))
    series = _series(head, machine, to_patient, rng)
    t1c = series["t1c"]

    def on_t1c(mask: Array) -> NDArray[np.bool_]:
        sampled = acquisition.resample(mask, to_patient, _shape(t1c), t1c.affine)
        return np.asarray(sampled > 0.5)

    labels = _labels(planted, to_patient, t1c)
    return PhantomCase(
        seed,
        series,
        _truths(planted, labels, t1c),
        machine,
        labels,
        on_t1c(head.brain),
        on_t1c(enhancing.vessels),
        to_patient,
    )


def _shape(volume: Volume) -> tuple[int, int, int]:
    z, y, x = volume.voxels.shape
    return z, y, x


def _series(
    head: anatomy.Head, machine: Scanner, to_patient: Points, rng: np.random.Generator
) -> dict[str, Volume]:
    """Acquire the four series, each scaled so that white matter is near 1."""
    series = {}
    for role in scanner.ROLES:
        protocol = machine.protocols[role]
        image = signal.image(head.tissues, protocol.sequence, machine.constants)
        if role == "t1c":
            image = signal.enhanced(image, head.tissues, protocol.sequence, machine.constants)
        image /= np.percentile(image[head.brain > 0.5][::17], 60)
        series[role] = acquisition.acquire(image, machine, protocol, to_patient, rng)
    return series


def _labels(planted: list[Planted], to_patient: Points, t1c: Volume) -> NDArray[np.uint8]:
    """Lesion numbers on the grid of T1c; a lesion under two voxels is cut at half its maximum.

    One that lies between two thick slices has the voxel nearest to its centre, if it is free.
    """
    labels = np.zeros(_shape(t1c), np.uint8)
    step = np.linalg.inv(t1c.affine) @ to_patient
    for each in planted:
        first = np.array([s.start for s in each.box]) - 1.0  # a margin of zeros on each side
        corners = np.array(list(np.ndindex(2, 2, 2))) * (np.array(each.fraction.shape) + 1) + first
        at = corners @ step[:3, :3].T + step[:3, 3]
        low = np.clip(np.floor(at.min(0)).astype(int), 0, labels.shape)
        high = np.clip(np.ceil(at.max(0)).astype(int) + 1, 0, labels.shape)
        moved, source = t1c.affine.copy(), to_patient.copy()
        moved[:3, 3] = t1c.to_mm(low.astype(np.float64))
        source[:3, 3] += to_patient[:3, :3] @ first
        z, y, x = (int(n) for n in high - low)
        sampled = acquisition.resample(np.pad(each.fraction, 1), source, (z, y, x), moved)
        mask = sampled > 0.5 * min(1.0, float(sampled.max(initial=0)))
        part = labels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
        part[mask & (part == 0)] = each.number
        if not mask.any():
            _give_nearest(labels, each, step)
    return labels


def _give_nearest(labels: NDArray[np.uint8], lesion: Planted, step: Points) -> None:
    """Label the voxel nearest to a lesion's centre, unless it lies outside or is another's."""
    centre = np.argwhere(lesion.fraction > 0).mean(0) + [part.start for part in lesion.box]
    at = np.round(step[:3, :3] @ centre + step[:3, 3]).astype(int)
    if np.all((at >= 0) & (at < labels.shape)) and labels[tuple(at)] == 0:
        labels[tuple(at)] = lesion.number


def _truths(planted: list[Planted], labels: NDArray[np.uint8], t1c: Volume) -> list[TruthLesion]:
    """The lesions that have a voxel of T1c: outside it, or within another, one has none."""
    boxes = dict(enumerate(ndimage.find_objects(labels), start=1))
    return [_truth(each, labels, box, t1c) for each in planted if (box := boxes.get(each.number))]


def _truth(
    planted: Planted, labels: NDArray[np.uint8], box: tuple[slice, ...], t1c: Volume
) -> TruthLesion:
    """Measure a planted lesion, which lies in a box, on the grid of T1c."""
    mask = (labels[box] == planted.number).astype(np.uint8)
    low = np.array([part.start for part in box])
    centroid = t1c.to_mm((np.argwhere(mask) + low).mean(0))
    return TruthLesion(
        id=planted.number,
        kind=planted.kind,
        centroid_mm=(float(centroid[0]), float(centroid[1]), float(centroid[2])),
        diameter_mm=longest_axial_diameter_mm(mask, t1c.spacing_mm),
        volume_mm3=float(planted.fraction.sum()),
        mask=mask,
        offset=(int(low[0]), int(low[1]), int(low[2])),
    )
