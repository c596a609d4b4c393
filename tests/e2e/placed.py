"""R3: marks lie in the patient where PS3.3 has them, and slabs show what they say: by NumPy."""

import pytest
from playwright.sync_api import Page

from tests.e2e import patient, room
from tests.e2e.conftest import Site

EXACT_MM = 0.05  # where pictures are enlarged
NEAR_MM = 0.15  # a fifth of a pixel of planes that are not


def in_slices(page: Page, site: Site) -> None:
    """A mark by mouse, aside in an enlarged series; the same in the other pane; oblique slices."""
    for _ in range(8):
        page.keyboard.press("+")
    place = 170, 400
    mark = patient.put_mark(page, site, 0, *place)
    page.get_by_test_id(f"mark-{mark.number}").click()  # the other was left elsewhere
    page.keyboard.press("Escape")
    second = page.get_by_test_id("pane-1").locator(f"[data-mark='{mark.id}']")
    room.until(page, lambda: second.count() == 1, "the mark in the other pane")
    for pane in (0, 1):
        shown = page.get_by_test_id(f"pane-{pane}")
        role = shown.get_attribute("data-role") or ""
        of = patient.volume(site, room.sign(page, "readId"), role)
        frame = float(of.to_voxel(mark.position)[0])
        number = str(round(frame) + 1)
        room.until(page, lambda p=shown, n=number: p.get_attribute("data-slice") == n, "its slice")  # type: ignore[misc]
        if pane == 0:  # in the slice itself, to a hundredth of the way to the next
            assert frame == pytest.approx(round(frame), abs=0.01)
        drawn = patient.place_of(page, pane, mark.id)
        if pane == 0:
            assert drawn == pytest.approx(place, abs=0.01)
        point, axes = of.in_nearest_frame(mark.position), (of.row, of.column)
        seen = _painted(page, pane, of, drawn, point, axes, within_mm=EXACT_MM)
        assert seen.px_per_mm > 8
        beside = point + 3 * EXACT_MM * of.row  # the comparison can fail
        assert EXACT_MM < patient.off_mm(of, seen, drawn, beside, axes) < 10 * EXACT_MM
    _take_back(page)
    page.keyboard.press("f")


def in_planes(page: Page, site: Site) -> None:
    """A mark that is put in one rebuilt plane shows in all three; a slab is as thick as it says."""
    of = patient.volume(site, room.sign(page, "readId"), "t1c")
    mark = patient.put_mark(page, site, 1, 190, 136)
    assert patient.place_of(page, 1, mark.id) == pytest.approx((190, 136), abs=0.01)
    page.get_by_test_id(f"mark-{mark.number}").click()  # the others go to it
    page.keyboard.press("Escape")
    for pane, (cut, axes) in enumerate(patient.PLANES.items()):
        circle = page.get_by_test_id(f"pane-{pane}").locator(f"[data-mark='{mark.id}']")
        room.until(page, lambda each=circle: each.count() == 1, f"the mark in the {cut} plane")  # type: ignore[misc]
        drawn = patient.place_of(page, pane, mark.id)
        _painted(page, pane, of, drawn, mark.position, axes, within_mm=NEAR_MM)
    corner = page.get_by_test_id("pane-0").locator(".top-left")
    drawn = patient.place_of(page, 0, mark.id)
    for slab_mm in (5, 10, 20, 0):
        page.keyboard.press("u")
        words = f"slab {slab_mm} mm" if slab_mm else "axial"
        room.until(page, lambda each=words: corner.inner_text().endswith(each), words)  # type: ignore[misc]
        seen = patient.picture(page, 0)
        assert patient.thickness_mm(of, seen, drawn, mark.position) == slab_mm
    _take_back(page)


def _painted(
    page: Page, pane: int, of: patient.Volume, drawn: tuple[float, float], point: patient.Floats,
    axes: patient.Axes, *, within_mm: float,
) -> patient.Picture:  # fmt: skip
    """A pane's picture, once it shows a point of the patient where something is drawn."""
    seen: list[patient.Picture] = []

    def is_there() -> bool:
        seen.append(patient.picture(page, pane))
        return patient.off_mm(of, seen[-1], drawn, point, axes) < within_mm

    room.until(page, is_there, f"pane {pane} to show the point within {within_mm} mm of its mark")
    return seen[-1]


def _take_back(page: Page) -> None:
    before = int(room.sign(page, "marks"))
    page.keyboard.press("Control+z")
    room.until(page, lambda: int(room.sign(page, "marks")) == before - 1, "it to be taken back")
