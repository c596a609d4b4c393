"""WADO-RS rendered resources and thumbnails (PS3.18 10.4.1.1.3 and .4): PNG and JPEG."""

import re
from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from PIL import Image

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
_VIEWPORT = re.compile(r"([0-9]{1,4}),([0-9]{1,4})")


@dataclass(frozen=True)
class Look:
    """How frames are to be shown."""

    kind: str  # media type
    window: tuple[float, float] | None
    viewport: tuple[int, int] | None
    quality: int
    function: str = rendering.EXACT  # of the window (PS3.18 8.3.5.1.4)


def look(request: HttpRequest) -> Look:
    """Read the parameters of PS3.18 8.3.5.

    Raises
    ------
    Invalid
        400 for a window, viewport or quality that cannot be.
    """
    kind = media.choose(request, list(KINDS))
    window, function, viewport = None, rendering.EXACT, None
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
        match = _VIEWPORT.fullmatch(text)
        if match is None or not all(0 < int(each) <= MAX_SIDE_PX for each in match.groups()):
            raise Invalid("dicomweb.viewport", f"viewport is width,height up to {MAX_SIDE_PX}.")
        viewport = (int(match[1]), int(match[2]))
    quality = request.GET.get("quality", "90")
    if not re.fullmatch(r"[0-9]{1,3}", quality) or not 1 <= int(quality) <= 100:  # noqa: PLR2004
        raise Invalid("dicomweb.quality", "quality is a whole number from 1 to 100.")
    return Look(kind, window, viewport, int(quality), function)


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
        scale = min(how.viewport[0] / image.width, how.viewport[1] / image.height)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.BILINEAR)
    return rendering.encoded(image, KINDS[how.kind], quality=how.quality)
