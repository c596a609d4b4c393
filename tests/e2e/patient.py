"""Where things lie in the patient, by pydicom and NumPy alone, and where a pane shows them."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page
from scipy.ndimage import map_coordinates

from tests.e2e import room
from tests.e2e.conftest import Site
from tests.e2e.events import events_of

Floats = NDArray[np.float64]
Axes = tuple[Sequence[float] | Floats, Sequence[float] | Floats]
NEAR_PX = 45  # half the side of the square about a place that is compared
# To the right and down on the screen, in the patient (LPS).
PLANES: dict[str, Axes] = {
    "axial": ((1, 0, 0), (0, 1, 0)),
    "sagittal": ((0, 1, 0), (0, 0, -1)),
    "coronal": ((1, 0, 0), (0, 0, -1)),
}


@dataclass(frozen=True)
class Volume:
    """A series out of its files: values after rescale, and what places its voxels."""

    values: Floats  # frame, row, column
    origins: Floats  # of each frame's first voxel
    row: Floats  # the direction in which columns follow one another
    column: Floats
    spacing: tuple[float, float]  # between rows, between columns

    def to_voxel(self, points: Floats) -> Floats:
        """Frame, row and column, with fractions: PS3.3 C.7.6.2.1.1 the other way round."""
        step = (self.origins[-1] - self.origins[0]) / (len(self.origins) - 1)
        axes = np.stack([step, self.column * self.spacing[0], self.row * self.spacing[1]], axis=1)
        return np.asarray((points - self.origins[0]) @ np.linalg.inv(axes).T)

    def at(self, points: Floats) -> Floats:
        """The values at points of the patient, along lines between voxels."""
        voxels = np.moveaxis(self.to_voxel(points), -1, 0)
        return np.asarray(map_coordinates(self.values, voxels, order=1, mode="nearest"))

    def in_nearest_frame(self, point: Floats) -> Floats:
        """A point, led along the normal into the frame next to it."""
        normal = np.cross(self.row, self.column)
        frame = round(float(self.to_voxel(point)[0]))
        return np.asarray(point - normal * np.dot(point - self.origins[frame], normal))


def _paths(site: Site, read_id: str, role: str) -> list[str]:
    """The files that the platform keeps of a series of the case that is read."""
    code = (
        "import json\nfrom readerstudy.imaging import store\n"
        "from readerstudy.imaging.models import Instance\n"
        "from readerstudy.reads.models import Read\n"
        f"of = Read.objects.get(pk='{read_id}').case.examination\n"
        f"rows = Instance.objects.filter(series__examination=of, series__role='{role}')\n"
        "print(json.dumps([str(store.path_of(each)) for each in rows]))"
    )
    return list(json.loads(site.ask(code)))


def volume(site: Site, read_id: str, role: str) -> Volume:
    """A series of the case that is read, out of the files that the platform keeps."""
    files = [pydicom.dcmread(path) for path in _paths(site, read_id, role)]
    row, column = np.array(files[0].ImageOrientationPatient, float).reshape(2, 3)
    normal = np.cross(row, column)
    files.sort(key=lambda each: float(np.dot(normal, np.array(each.ImagePositionPatient, float))))
    slope, intercept = files[0].get("RescaleSlope", 1), files[0].get("RescaleIntercept", 0)
    between_rows, between_columns = files[0].PixelSpacing
    return Volume(
        np.stack([each.pixel_array for each in files]) * float(slope) + float(intercept),
        np.array([each.ImagePositionPatient for each in files], float),
        row,
        column,
        (float(between_rows), float(between_columns)),
    )


@cache
def _planes(site: Site, read_id: str, role: str) -> tuple[Floats, Floats]:
    """The middles of a series' slices, along their normal, and the normal."""
    files = [pydicom.dcmread(path, stop_before_pixels=True) for path in _paths(site, read_id, role)]
    row, column = np.array(files[0].ImageOrientationPatient, float).reshape(2, 3)
    normal = np.cross(row, column)
    corners = np.array([each.ImagePositionPatient for each in files], float)
    between_rows, between_columns = map(float, files[0].PixelSpacing)
    middle = row * between_columns * (files[0].Columns - 1) / 2
    middle = middle + column * between_rows * (files[0].Rows - 1) / 2
    return (corners + middle)[np.argsort(corners @ normal)], normal


def are_in_step(page: Page, site: Site) -> bool:
    """Whether the second pane shows its slice that is nearest to the first one's."""
    read_id = room.sign(page, "readId")
    slices: list[int] = []
    planes: list[tuple[Floats, Floats]] = []
    for pane in (0, 1):
        shown = page.get_by_test_id(f"pane-{pane}")
        slices.append(int(shown.get_attribute("data-slice") or 0) - 1)
        planes.append(_planes(site, read_id, shown.get_attribute("data-role") or ""))
    if min(slices) < 0:  # it shows none yet
        return False
    (middles, _normal), (others, normal) = planes
    away = np.abs((others - middles[slices[0]]) @ normal)
    return bool(away[slices[1]] <= away.min() + 1e-6)


@dataclass(frozen=True)
class Put:
    """A mark as the server has it."""

    id: str
    number: int
    position: Floats


def put_mark(page: Page, site: Site, pane: int, x: int, y: int) -> Put:
    """Put a mark by mouse and key at a place of a pane, and rate it."""
    page.get_by_test_id(f"pane-{pane}").hover(position={"x": x, "y": y})
    page.keyboard.press("m")
    room.until(page, lambda: room.sign(page, "unrated") == "true", "the mark")
    page.keyboard.press("7")
    room.until(page, lambda: room.sign(page, "unrated") == "false", "the mark's rating")
    page.keyboard.press("Escape")
    room.saved(page)
    events = events_of(site, room.sign(page, "readId"))
    put: dict[str, Any] = [each["payload"] for each in events if each["kind"] == "mark_put"][-1]
    return Put(put["mark_id"], put["number"], np.array(put["position_mm"]))


def place_of(page: Page, pane: int, mark: str) -> tuple[float, float]:
    """Where a mark's circle is drawn over a pane."""
    circle = page.get_by_test_id(f"pane-{pane}").locator(f"[data-mark='{mark}'] circle.line")
    return tuple(float(circle.get_attribute(each) or "nan") for each in ("cx", "cy"))  # type: ignore[return-value]


@dataclass(frozen=True)
class Picture:
    """What a pane shows: its greys (0 to 255), its scale, its window (centre and width)."""

    greys: Floats
    px_per_mm: float
    window: tuple[float, float]

    def around(self, x: float, y: float) -> tuple[Floats, Floats, Floats]:
        """The greys about a place; how far right and down (mm) of it each pixel's middle is."""
        rows, columns = (np.arange(round(at) - NEAR_PX, round(at) + NEAR_PX) for at in (y, x))
        down, right = np.meshgrid(rows + 0.5 - y, columns + 0.5 - x, indexing="ij")
        return self.greys[np.ix_(rows, columns)], right / self.px_per_mm, down / self.px_per_mm


def picture(page: Page, pane: int) -> Picture:
    """A pane without what is drawn over its picture."""
    shown = page.get_by_test_id(f"pane-{pane}")
    page.keyboard.down("h")
    room.until(page, lambda: page.locator(".overlay > *").count() == 0, "the overlays to be hidden")
    greys = np.asarray(Image.open(BytesIO(shown.screenshot())).convert("L"), float)
    page.keyboard.up("h")
    room.until(page, lambda: page.locator(".overlay > *").count() > 0, "the overlays again")
    mm = float(re.sub(r"[^\d.]", "", shown.locator(".ruler span").inner_text()))
    px = float(shown.locator(".ruler div").evaluate("(each) => parseFloat(each.style.width)"))
    centre, width = (shown.get_attribute("data-window") or "").split("/")
    return Picture(greys, px / mm, (float(centre), float(width)))


def expected(
    of: Volume, seen: Picture, point: Floats, axes: Axes, away: tuple[Floats, Floats],
    slab_mm: float = 0,
) -> Floats:  # fmt: skip
    """NumPy's greys so far right and down (mm) of a point; of a slab the brightest through it."""
    right, down = (np.array(each, float) for each in axes)
    plane = point + away[0][..., None] * right + away[1][..., None] * down
    deep = np.linspace(-slab_mm / 2, slab_mm / 2, 1 + round(3 * slab_mm))
    values = np.max([of.at(plane + each * np.cross(right, down)) for each in deep], axis=0)
    low = seen.window[0] - seen.window[1] / 2
    return np.asarray(np.clip((values - low) / seen.window[1], 0, 1) * 255)


def off_mm(
    of: Volume, seen: Picture, place: tuple[float, float], point: Floats, axes: Axes
) -> float:
    """How far from a place of a pane a point of the patient is shown, by the picture about it.

    By the shift that makes NumPy's picture the one that is seen: least squares, five steps.
    Infinite where the pictures are not of one place, as before a pane has painted it.
    """
    greys, right, down = seen.around(*place)
    shift, step = np.zeros(2), 0.5 / seen.px_per_mm

    def at(dx: float, dy: float) -> Floats:
        return expected(of, seen, point, axes, (right + shift[0] + dx, down + shift[1] + dy))

    for _ in range(5):
        slopes = [at(step, 0) - at(-step, 0), at(0, step) - at(0, -step)]
        along = np.stack([each.ravel() / (2 * step) for each in slopes], axis=1)
        shift += np.linalg.lstsq(along, (greys - at(0, 0)).ravel(), rcond=None)[0]
    if np.abs(greys - at(0, 0)).mean() >= greys.std() / 3:
        return float("inf")
    return float(np.hypot(*shift))


def thickness_mm(of: Volume, seen: Picture, place: tuple[float, float], point: Floats) -> float:
    """How thick the axial slab is that a pane shows: of some thicknesses the one that fits."""
    greys, *away = seen.around(*place)
    tried = [0.0, 2.5, 5, 7.5, 10, 15, 20, 40]
    right, down = away
    off = [
        np.abs(expected(of, seen, point, PLANES["axial"], (right, down), each) - greys).mean()
        for each in tried
    ]
    return tried[int(np.argmin(off))]
