"""From an examination to the network's input: one grid, 1 mm, normalised intensities."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.grids import sample_along_axes
from inference.side_by_side import side_by_side
from inference.volume import Affine, Volume

ROLES = ("t1c", "t1", "t2", "flair")  # the input channels of MR detectors, in this order
SERIES = (*ROLES, "ct")  # every role that a detector may take
NAMES = {"t1c": "T1c", "t1": "T1", "t2": "T2", "flair": "FLAIR", "ct": "CT"}
GRID_MM = 1.0
HEIGHT_MM = 168.0  # from the vertex down to the foramen magnum and a little more
COARSE_MM = 4.0
CORE_DEPTH_MM = 18.0  # so far from air there is brain, not scalp or skull
CORE_HEIGHT_MM, CORE_LEAST = 110.0, 200  # of it below the vertex; so few voxels are no brain
HEAD_MM3 = 5e5  # less is no head
CLIP = (-5.0, 15.0)
AIR_HU = -1000.0
BRAIN_HU, STEP_HU = 32.0, 8.0  # CT is absolute: typical brain, and what counts as one deviation
_ALIGNED_WITHIN = 1e-3  # voxels, over the whole grid


class UnusableExamination(ValueError):
    """The images cannot be analysed; the text says why and what to do."""


def empty(role: str) -> UnusableExamination:
    """Of a series that has one value only."""
    return UnusableExamination(f"{NAMES[role]} is empty: every voxel has the same value")


def no_head(role: str) -> UnusableExamination:
    """Of a series in which nothing is as large as a head."""
    return UnusableExamination(f"no head found in {NAMES[role]}: check that the series is a head")


def too_little(role: str) -> UnusableExamination:
    """Of a series whose field of view has hardly any brain."""
    return UnusableExamination(f"too little brain in {NAMES[role]}: check the field of view")


@dataclass(frozen=True)
class Prepared:
    """Channels (role, z, y, x) on a 1 mm grid whose axes point to superior, posterior, left.

    `roles` names the channels; the lesions are drawn on the series of the role `reference`.
    `answers` is the grid of what the network answers, where it is another.
    """

    voxels: NDArray[np.float32]
    affine: Affine
    missing: tuple[str, ...]
    roles: tuple[str, ...] = ROLES
    answers: Affine | None = None

    @property
    def reference(self) -> str:
        """The role whose grid the proposals lie on."""
        return reference_of(self.roles)


def reference_of(roles: tuple[str, ...]) -> str:
    """The role whose grid proposals lie on: T1c where a detector takes it, else its first."""
    return "t1c" if "t1c" in roles else roles[0]


def inputs_for(roles: tuple[str, ...]) -> tuple[str, ...]:
    """What is prepared beside a model that takes these series in a way of its own.

    Features are measured on it, and its reference is what proposals lie on: all of MR, and CT where
    the model takes it; of a model of CT alone only that.
    """
    if "ct" not in roles:
        return ROLES
    return SERIES if "t1c" in roles else roles


def on_reference(
    examination: Mapping[str, Volume], roles: tuple[str, ...]
) -> tuple[Volume, NDArray[np.float32]]:
    """Series as they are, sampled at the grid of the reference of `inputs_for` them.

    Returns
    -------
    reference : Volume
    images : float32 (role, slice, row, column)
        CT in HU, air (-1000) outside and for what is below it; others 0 outside.

    Raises
    ------
    UnusableExamination
        If a series is missing, or CT and MR have different frames of reference.
    """
    inputs = inputs_for(roles)
    reference = reference_of(inputs)
    _require_series(examination, (reference, *roles))
    _require_ct_beside(examination, (reference, *roles))
    grid = examination[reference]
    slices, rows, columns = grid.voxels.shape
    images = []
    for role in roles:
        image = _over_air(examination[role])
        there = (
            image.voxels
            if role == reference
            else resample(image, grid.affine, (slices, rows, columns))
        )
        images.append(there + np.float32(AIR_HU) if role == "ct" else there)
    return grid, np.stack(images)


def _require_series(examination: Mapping[str, Volume], roles: tuple[str, ...]) -> None:
    for role in roles:
        if role not in examination:
            raise UnusableExamination(f"no series with role {role}: add one, or set its role")


def prepare(
    examination: Mapping[str, Volume],
    needs: tuple[str, ...] = ("t1c",),
    roles: tuple[str, ...] = ROLES,
) -> Prepared:
    """Bring an examination to the grid that the detectors work on.

    A series that is missing becomes a channel of zeros (its mean): detectors are trained with
    missing series. The grid follows the reference's own axes (T1c's; of a detector of CT alone
    CT's), so that it is never rotated; every other series is sampled there by its place in the
    patient, CT beside MR too.

    Raises
    ------
    UnusableExamination
        If a needed role is missing, or no head is found in the reference.
    """
    reference = reference_of(roles)
    series = usable(examination, needs, roles)
    whole, field = upright_grid(series[reference])
    coarse, coarse_shape = coarse_grid(whole, field)
    (small,) = side_by_side(lambda each: resample(each, coarse, coarse_shape), [series[reference]])
    head = _head_mask(small, reference)
    affine, shape = crop(whole, head)
    core_mm = np.argwhere(_core(head, reference)) @ coarse[:3, :3].T + coarse[:3, 3]
    core = np.ravel_multi_index(tuple(_nearest(core_mm, affine, shape).T), shape)
    channels = np.zeros((len(roles), *shape), np.float32)

    def fill(role: str) -> None:
        image = channels[roles.index(role)]  # each is made where it is wanted
        resample(series[role], affine, shape, out=image)
        if role == "ct":
            _in_steps(image)
        else:
            _normalise(image, image.ravel()[core])

    side_by_side(fill, list(series))
    missing = tuple(role for role in roles if role not in examination)
    return Prepared(channels, affine, missing, roles)


def usable(
    examination: Mapping[str, Volume], needs: tuple[str, ...], roles: tuple[str, ...]
) -> dict[str, Volume]:
    """The series that are there, CT counted from air, by role.

    Raises
    ------
    UnusableExamination
        If a needed role is missing, or CT lies in another frame of reference.
    """
    reference = reference_of(roles)
    _require_series(examination, (*needs, reference))
    # Of MR's other series CT need not know: they are compared where CT itself is the reference.
    _require_ct_beside(
        examination, roles if reference == "ct" else {reference, *roles} & {reference, "ct"}
    )
    return {role: _over_air(examination[role]) for role in roles if role in examination}


def _require_ct_beside(examination: Mapping[str, Volume], roles: Collection[str]) -> None:
    """CT comes from another machine: its coordinates are MR's only once it was registered."""
    if "ct" in roles:
        for role in roles:
            require_same_place(examination, "ct", role)


def require_same_place(examination: Mapping[str, Volume], one: str, other: str) -> None:
    """Two series' coordinates are the same only in one frame of reference.

    Raises
    ------
    UnusableExamination
        If both series, of these roles, are there and name different ones.
    """
    roles = {one, other} & set(examination)
    if len(roles) > 1 and len({examination[role].frame for role in roles} - {""}) > 1:
        raise UnusableExamination(
            f"{NAMES[one]} and {NAMES[other]} have different frames of reference: register one to"
            " the other first, or use a detector of one of them"
        )


def _over_air(volume: Volume) -> Volume:
    """CT counted from air, as MR is: what lies outside a series is 0 then, not water."""
    if volume.role != "ct":
        return volume
    return replace(volume, voxels=np.maximum(volume.voxels - np.float32(AIR_HU), 0))


def _in_steps(over_air: NDArray[np.float32]) -> None:
    """CT in steps from typical brain: Hounsfield units are absolute, so no patient's own scale."""
    over_air += np.float32(AIR_HU - BRAIN_HU)
    over_air /= np.float32(STEP_HU)
    np.clip(over_air, *CLIP, out=over_air)


def resample(
    volume: Volume,
    affine: Affine,
    shape: tuple[int, int, int],
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Sample a volume at another grid: linear, 0 outside; finer images are smoothed first.

    `out`, of that shape and zeros, is filled where it is given.
    """
    step = np.linalg.inv(volume.affine) @ affine
    sigma = smoothing(volume, affine)
    if (along := axes_along(step, shape)) is not None:
        axes, at = along
        return sample_along_axes(volume.voxels.transpose(axes), at, sigma[list(axes)].tolist(), out)
    voxels = ndimage.gaussian_filter(volume.voxels, sigma) if sigma.any() else volume.voxels
    made = np.empty(shape, np.float32) if out is None else out
    ndimage.affine_transform(
        voxels, step[:3, :3], step[:3, 3], shape, order=1, output=made, prefilter=False
    )
    return made


def smoothing(volume: Volume, affine: Affine) -> NDArray[np.float64]:
    """Standard deviations (voxels, along z, y, x) for a coarser grid; 0 where it is not coarser."""
    ratio = np.linalg.norm(affine[:3, :3], axis=0).min() / volume.spacing_mm
    return np.asarray(np.where(ratio > 1.25, 0.4 * ratio, 0.0))


def axes_along(
    step: Affine, shape: tuple[int, int, int]
) -> tuple[tuple[int, int, int], tuple[NDArray[np.float64], ...]] | None:
    """How a grid runs along a volume's own axes; None where it is oblique to them.

    Parameters
    ----------
    step
        Index of the grid -> index of the volume.

    Returns
    -------
    axes
        Of the volume, in the grid's order.
    at
        Along each of them the indices of the grid's points.
    """
    axes = np.abs(step[:3, :3]).argmax(0)
    scales = step[axes, range(3)]
    skew = step[:3, :3].copy()
    skew[axes, range(3)] = 0
    if np.abs(skew @ np.array(shape)).max() > _ALIGNED_WITHIN or len(set(axes)) < 3:
        return None
    at = [
        start + scale * np.arange(n)
        for start, scale, n in zip(step[axes, 3], scales, shape, strict=True)
    ]
    return (int(axes[0]), int(axes[1]), int(axes[2])), (at[0], at[1], at[2])


def resample_labels(
    labels: NDArray[np.uint8], source: Affine, affine: Affine, shape: tuple[int, int, int]
) -> NDArray[np.uint8]:
    """Sample label numbers at another grid: the nearest voxel's."""
    step = np.linalg.inv(source) @ affine
    return np.asarray(
        ndimage.affine_transform(labels, step[:3, :3], step[:3, 3], shape, order=0, output=np.uint8)
    )


def _nearest(
    points_mm: NDArray[np.float64], affine: Affine, shape: tuple[int, int, int]
) -> NDArray[np.int64]:
    """Nearest voxels of a grid to points in LPS mm; points outside are left out."""
    inverse = np.linalg.inv(affine)
    index = np.round(points_mm @ inverse[:3, :3].T + inverse[:3, 3]).astype(np.int64)
    return np.asarray(index[((index >= 0) & (index < shape)).all(1)])


def upright_grid(volume: Volume) -> tuple[Affine, tuple[int, int, int]]:
    """T1c's field of view at 1 mm, its axes permuted and flipped to superior, posterior, left."""
    directions = volume.affine[:3, :3] / volume.spacing_mm
    extent = np.array(volume.voxels.shape) * volume.spacing_mm
    middle = volume.to_mm((np.array(volume.voxels.shape) - 1) / 2)
    columns: list[NDArray[np.float64]] = []
    left = [0, 1, 2]
    lengths = []
    for axis_mm in (2, 1, 0):  # superior is +z, posterior +y, left +x of LPS
        nearest = max(left, key=lambda a: abs(float(directions[axis_mm, a])))
        left.remove(nearest)
        sign = 1.0 if directions[axis_mm, nearest] >= 0 else -1.0
        columns.append(directions[:, nearest] * sign)
        lengths.append(max(1, int(extent[nearest] / GRID_MM)))
    affine = np.eye(4)
    affine[:3, :3] = np.stack(columns, 1) * GRID_MM
    affine[:3, 3] = middle - affine[:3, :3] @ ((np.array(lengths) - 1) / 2)
    return affine, (lengths[0], lengths[1], lengths[2])


def coarse_grid(affine: Affine, shape: tuple[int, int, int]) -> tuple[Affine, tuple[int, int, int]]:
    """The same field of view at 4 mm, where the head is looked for."""
    coarse = affine.copy()
    coarse[:3, :3] *= COARSE_MM / GRID_MM
    z, y, x = (int(np.ceil(n * GRID_MM / COARSE_MM)) for n in shape)
    return coarse, (z, y, x)


def _head_mask(coarse: NDArray[np.float32], role: str) -> NDArray[np.bool_]:
    """The head against air: Otsu's threshold, the largest piece, filled."""
    from skimage.filters import threshold_otsu

    otsu: Callable[[NDArray[np.float32]], float] = threshold_otsu
    if float(np.ptp(coarse)) == 0:
        raise empty(role)
    capped = np.minimum(coarse, np.percentile(coarse, 98))
    mask = ndimage.binary_opening(capped > 0.6 * otsu(capped))
    pieces, count = ndimage.label(mask)
    if not count:
        raise no_head(role)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    head = pieces == sizes.argmax()
    closed = ndimage.binary_closing(np.pad(head, 3), iterations=3)[3:-3, 3:-3, 3:-3]
    filled = np.stack([ndimage.binary_fill_holes(plane) for plane in closed | head])
    if filled.sum() * COARSE_MM**3 < HEAD_MM3:
        raise no_head(role)
    return filled


def crop(affine: Affine, head: NDArray[np.bool_]) -> tuple[Affine, tuple[int, int, int]]:
    """The box of the upper part of the head; its sides are multiples of 16 voxels."""
    top = int(np.flatnonzero(head.any((1, 2))).max()) + 1
    bottom = max(0, round(top - HEIGHT_MM / COARSE_MM))
    part = head[bottom:top]
    low, high = [bottom], [top]
    for axes in ((0, 2), (0, 1)):
        used = np.flatnonzero(part.any(axes))
        low.append(int(used.min()))
        high.append(int(used.max()) + 1)
    start = np.array(low) * COARSE_MM / GRID_MM
    size = (np.array(high) - np.array(low)) * COARSE_MM / GRID_MM
    z, y, x = (int(np.ceil(n / 16) * 16) for n in size)
    cropped = affine.copy()
    cropped[:3, 3] += affine[:3, :3] @ start
    return cropped, (z, y, x)


def _core(head: NDArray[np.bool_], role: str) -> NDArray[np.bool_]:
    """Voxels that are brain for certain: deep in the upper part of the head."""
    depth = ndimage.distance_transform_edt(head, sampling=COARSE_MM)
    top = int(np.flatnonzero(head.any((1, 2))).max())
    upper = np.arange(len(head)) > top - CORE_HEIGHT_MM / COARSE_MM
    core = (depth > CORE_DEPTH_MM) & upper[:, None, None]
    if core.sum() < CORE_LEAST:
        raise too_little(role)
    return np.asarray(core)


def _normalise(image: NDArray[np.float32], inside: NDArray[np.float32]) -> None:
    """Centre on the brain's median, scale by its robust spread, cut the extremes."""
    middle = float(np.median(inside))
    spread = 1.4826 * float(np.median(np.abs(inside - middle))) or 1.0
    image -= middle
    image /= spread
    np.clip(image, *CLIP, out=image)
