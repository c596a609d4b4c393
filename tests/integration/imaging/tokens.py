"""Clients of what a token opens, and what they name."""

from dicomweb_client import DICOMwebClient

from readerstudy.imaging import tokens
from readerstudy.imaging.models import Series
from tests import wire


def opened(*series: Series) -> DICOMwebClient:
    """A client of what a token for these series opens."""
    token = tokens.issue([str(each.pk) for each in series], seconds=60)
    return DICOMwebClient(f"{wire.HOST}/dicomweb/{token}", session=wire.session())


def uids(series: Series, number: int = 2) -> tuple[str, str, str]:
    instance = series.instances.all()[number]
    return series.examination.study_uid, series.series_uid, instance.sop_uid
