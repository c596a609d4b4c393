"""The reference standard: a vault above `reads`, so that reading code cannot import it."""

import uuid

from django.conf import settings
from django.db import models

from readerstudy.studies.models import Case, Study


class ReferenceStandard(models.Model):
    """A case's status."""

    class Status(models.TextChoices):
        """With or without disease."""

        DISEASED = "diseased", "Metastases present"
        NON_DISEASED = "non_diseased", "No metastasis"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=12, choices=Status)
    source = models.CharField(max_length=200)  # how it was established
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.status


class TruthLesion(models.Model):
    """One lesion of the reference standard."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    standard = models.ForeignKey(
        ReferenceStandard, on_delete=models.PROTECT, related_name="lesions"
    )
    number = models.PositiveSmallIntegerField()
    x_mm = models.FloatField()  # LPS
    y_mm = models.FloatField()
    z_mm = models.FloatField()
    diameter_mm = models.FloatField()
    weight = models.FloatField()  # of a case sum to 1
    kind = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["standard", "number"], name="truth_lesion_once")
        ]
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number} ({self.diameter_mm:.1f} mm)"


class CaseSetReview(models.Model):
    """A coordinator's acceptance, with a reason, of what readers could tell classes by (F8)."""

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)  # of what was found: other findings are not accepted
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return self.reason[:60]
