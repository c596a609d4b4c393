"""nginx before the platform: what each answered, and the addresses that are asked for."""

from dataclasses import dataclass, field
from uuid import UUID

import requests

from readerstudy.imaging import grants
from readerstudy.imaging.models import Series
from tests.integration.imaging.test_dicomweb import uids

ALIKE = (
    "Content-Type", "Cache-Control", "X-Content-Type-Options", "Referrer-Policy",
    "Cross-Origin-Opener-Policy",
)  # fmt: skip
SINGLE = {"Accept": "application/octet-stream"}


@dataclass
class Proxy:
    """Where nginx and the platform behind it answer, and what the platform was asked."""

    url: str
    platform: str
    asked: list[str] = field(default_factory=list)

    def get(self, path: str, **headers: str) -> tuple[requests.Response, bool]:
        """The proxy's answer, and whether the platform was asked for it."""
        self.asked.clear()
        answer = requests.get(self.url + path, headers=headers, timeout=30)
        return answer, bool(self.asked)

    def long_way(self, path: str, **headers: str) -> requests.Response:
        """The platform's own answer."""
        return requests.get(self.platform + path, headers=headers, timeout=30)


def pack_of(token: str, one: Series) -> str:
    return f"/imaging/{token}/series/{one.pk}/pack"


def metadata_of(token: str, one: Series) -> str:
    study, series, _ = uids(one)
    return f"/dicomweb/{token}/studies/{study}/series/{series}/metadata"


def frame_of(token: str, one: Series, instance: str = "", number: int = 1) -> str:
    base = f"/dicomweb/{token}/studies/{one.examination.study_uid}/series/{one.series_uid}"
    return f"{base}/instances/{instance or uids(one)[2]}/frames/{number}"


def issue(*series: Series, seconds: int = 60, grant: UUID | None = None) -> str:
    return grants.issue([str(each.pk) for each in series], seconds=seconds, grant=grant)
