"""The WSGI application (a synchronous server sends image data several times faster than ASGI)."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "readerstudy.settings")
platform = get_wsgi_application()

from readerstudy.imaging.door import Door  # noqa: E402 -- its models need the set-up above

application = Door(platform)

# Every page's module now, not with the first request that asks for one. What is loaded stays: let
# the collector pass it by, or each of its full rounds holds a request up by 80 ms.
_ = get_resolver().url_patterns
gc.collect()
gc.freeze()
