"""WADO-RS rendered resources and thumbnails (PS3.18 10.4.1.1.3 and .4): PNG and JPEG."""

import math
import re
from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from PIL import Image, ImageOps

from readerstudy.imaging import rendering
from readerstudy.imaging.dicomweb import media, wado
from readerstudy.imaging.dicomweb.scope import Scope, opened
from readerstudy.imaging.models import Instance
from readerstudy.imaging.packs import percentile_window
from readerstudy.imaging.services.packing import THUMBNAIL_PX
from readerstudy.web.problems import Invalid

KINDS = {"image/jpeg": "JPEG", "image/png": "PNG"}
MAX_SIDE_PX = 4096
MIN_WIDTH = 1e-6
_NUMBER = r"-?[0-9]{1,7}(?:\.[0-9]{1,6})?"
_WINDOW = re.compile(rf"({_NUMBER}),({_NUMBER})(?:,(linear|linear-exact|sigmoid))?", re.IGNORECASE)
# Width and height; then of the image left and upper edge, width and height, each or nothing.
_VIEWPORT = re.compile(rf"([0-9]{{1,4}}),([0-9]{{1,4}})(?:{rf',({_NUMBER})?' * 4})?")
Region = tuple[float, float, float, float]


@dataclass(frozen=True)
class Look:
    """How frames are to be shown."""

    kind: str  # media type
    window: tuple[float, float] | None
    viewport: tuple[int, int] | None
    quality: int
    function: str = rendering.EXACT  # of the window (PS3.18 8.3.5.1.4)
    # Of the image: left, top, width and height in its pixels, NaN where nothing was said; turned
    # where width or height is negative (PS3.18 8.3.5.1.3).
    region: Region | None = None


def look(request: HttpRequest) -> Look:
    """Read the parameters of PS3.18 8.3.5.

    Raises
    ------
    Invalid
        400 for a window, viewport or quality that cannot be.
    """
    kind = media.choose(request, list(KINDS))
    window, function, viewport, region = None, rendering.EXACT, None, None
    if text := request.GET.get("window"):
        match = _WINDOW.fullmatch(text)
        function = ((match and match[3]) or rendering.EXACT).lower()
        if match is None or float(match[2]) < (1 if function == "linear" else MIN_WIDTH):
            words = (
                "window is centre,width[,linear|linear-exact|sigmoid]; a linear width is 1 or more."
            )
            raise Invalid("dicomweb.window", words)
        window = (float(match[1]), float(match[2]))
    if text := request.GET.get("viewport"):
        viewport, region = _viewport(text)
    quality = request.GET.get("quality", "90")
    if not re.fullmatch(r"[0-9]{1,3}", quality) or not 1 <= int(quality) <= 100:  # noqa: PLR2004
        raise Invalid("dicomweb.quality", "quality is a whole number from 1 to 100.")
    return Look(kind, window, viewport, int(quality), function, region)


def _viewport(text: str) -> tuple[tuple[int, int], Region | None]:
    match = _VIEWPORT.fullmatch(text)
    if match is None or not all(0 < int(match[n]) <= MAX_SIDE_PX for n in (1, 2)):
        words = f"viewport is width,height up to {MAX_SIDE_PX}, then left,top,width,height of the"
        raise Invalid("dicomweb.viewport", f"{words} image, each of these or nothing.")
    left, top, width, height = (float(each or "nan") for each in match.groups()[2:])
    region = None if text.count(",") == 1 else (left, top, width, height)
    return (int(match[1]), int(match[2])), region


@opened
def rendered(
    request: HttpRequest,
    scope: Scope,
    study: str,
    series: str | None = None,
    instance: str | None = None,
    numbers: str = "",
) -> HttpResponseBase:
    """Frames as a person would look at them: one picture, or a part for each frame."""
    how = look(request)
    found = list(scope.instances_of(study, series, instance))
    if numbers:
        frames = [(found[0], each) for each in wado.numbers_of(found[0], numbers)]
    else:
        frames = [(each, number) for each in found for number in range(each.frames)]
    if len(frames) == 1:
        return HttpResponse(picture(*frames[0], how), content_type=how.kind)
    return media.multipart(([picture(*each, how)] for each in frames), how.kind)


@opened
def thumbnail(
    request: HttpRequest,
    scope: Scope,
    study: str,
    series: str | None = None,
    instance: str | None = None,
    numbers: str = "",
) -> HttpResponse:
    """One small picture that stands for the whole: the middle frame."""
    how = look(request)
    if how.region:
        raise Invalid("dicomweb.viewport", "A thumbnail's viewport is width,height alone.")
    found = list(scope.instances_of(study, series, instance))
    found = [each for each in found if each.series_id == found[0].series_id]
    middle = found[len(found) // 2]
    number = wado.numbers_of(middle, numbers)[0] if numbers else middle.frames // 2
    small = replace(how, viewport=how.viewport or (THUMBNAIL_PX, THUMBNAIL_PX))
    return HttpResponse(picture(middle, number, small), content_type=how.kind)


def picture(instance: Instance, number: int, how: Look) -> bytes:
    """One frame as a PNG or JPEG, in the window asked for or its series' own."""
    stored, attributes = wado.stored_values(instance, number)
    own = (instance.series.geometry or {}).get("window")
    window = how.window or own or percentile_window(stored, attributes["rescale"])
    grey = rendering.grey(stored, {**attributes, "window": window}, function=how.function)
    image = Image.fromarray(grey)
    if how.viewport:  # fitted within, as it is, small ones made larger too
        left, top, right, bottom = box = _box(image, how.region)
        width, height = right - left, bottom - top
        scale = min(how.viewport[0] / width, how.viewport[1] / height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = _turned(image.resize(size, Image.Resampling.BILINEAR, box=box), how.region)
    return rendering.encoded(image, KINDS[how.kind], quality=how.quality)


def _box(image: Image.Image, region: Region | None) -> Region:
    """The edges of the region in the image; all of it from its corner on where no size was said."""
    left, top, width, height = region or (math.nan,) * 4
    left, top = (0.0 if math.isnan(each) else each for each in (left, top))
    right = image.width if math.isnan(width) else left + abs(width)
    bottom = image.height if math.isnan(height) else top + abs(height)
    if not (0 <= left < right <= image.width and 0 <= top < bottom <= image.height):
        words = f"The viewport's region is outside of the image of {image.width} x {image.height}."
        raise Invalid("dicomweb.viewport", words)
    return left, top, right, bottom


def _turned(image: Image.Image, region: Region | None) -> Image.Image:
    _, _, width, height = region or (0, 0, 0, 0)
    image = ImageOps.mirror(image) if width < 0 else image
    return ImageOps.flip(image) if height < 0 else image
