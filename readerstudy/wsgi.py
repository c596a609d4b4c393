"""The WSGI application (a synchronous server sends image data several times faster than ASGI)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "readerstudy.settings")
platform = get_wsgi_application()

from readerstudy.imaging.door import Door  # noqa: E402 -- its models need the set-up above

application = Door(platform)
