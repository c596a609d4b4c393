"""Figures that are drawn for a page: SVG with a policy of its own."""

from django.http import HttpResponse, HttpResponseBase

# matplotlib writes the look of its lines into style attributes; a figure needs nothing else.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def confined(response: HttpResponseBase) -> HttpResponseBase:
    """The response with the policy of figures, whoever opens it by itself."""
    response["Content-Security-Policy"] = POLICY
    return response


def svg(data: bytes) -> HttpResponseBase:
    """A drawn figure as a response."""
    return confined(HttpResponse(data, content_type="image/svg+xml"))
