"""Where every address leads."""

from django.urls import include, path

from readerstudy.web.views import health, home

urlpatterns = [
    path("", home, name="home"),
    path("health", health, name="health"),
    path("", include("readerstudy.accounts.urls")),
    path("", include("readerstudy.imaging.urls")),
    path("", include("readerstudy.proposals.urls")),
    path("", include("readerstudy.reads.urls")),
    path("", include("readerstudy.results.urls")),
    path("", include("readerstudy.desk.urls")),
    path("", include("readerstudy.audit.urls")),
]

handler400 = "readerstudy.web.views.unreadable"
handler404 = "readerstudy.web.views.unknown"
handler500 = "readerstudy.web.views.failed"
