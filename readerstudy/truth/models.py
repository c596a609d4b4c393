"""The reference standard: a vault above `reads`, so that reading code cannot import it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

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
    mask = models.JSONField(
        null=True, blank=True
    )  # {"series", "voxels", "grid"}, see `LesionDraft`

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["standard", "number"], name="truth_lesion_once")
        ]
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number} ({self.diameter_mm:.1f} mm)"


class Panel(models.Model):
    """How a study's standard comes about; without a row, one opinion is enough."""

    class Adjudication(models.TextChoices):
        """Who decides where two opinions differ."""

        THIRD = "third", "A third truth reader, who sees both opinions"
        CONSENSUS = "consensus", "The two together: one proposes, the other agrees"

    study = models.OneToOneField(Study, on_delete=models.PROTECT, related_name="+")
    opinions = models.PositiveSmallIntegerField(default=1)
    adjudication = models.CharField(max_length=9, choices=Adjudication, default=Adjudication.THIRD)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(opinions__in=[1, 2]), name="truth_one_or_two")
        ]

    def __str__(self) -> str:
        return f"{self.opinions}, {self.adjudication}"


class Evidence(models.TextChoices):
    """What a status rests on."""

    FOLLOW_UP = "follow_up", "Follow-up imaging"
    HISTOLOGY = "histology", "Histology"
    PLANNING = "planning", "Radiosurgery planning"
    CONSENSUS = "consensus", "Clinical consensus (tumour board)"
    IMAGES = "images", "These images alone"


class Opinion(models.Model):
    """What one truth reader says of a case, blind to any other's; never changed, only withdrawn."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=12, choices=ReferenceStandard.Status)
    evidence = models.CharField(max_length=10, choices=Evidence)
    note = models.CharField(max_length=150, blank=True)
    lesions = models.JSONField(default=list)  # of `services.LesionDraft`
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "by"],
                condition=Q(withdrawn_at__isnull=True),
                name="truth_opinion_once",
            )
        ]
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return self.status


class Adjudication(models.Model):
    """What was decided where two opinions differ; a consensus counts once both have agreed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    first = models.ForeignKey(Opinion, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Opinion, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=12, choices=ReferenceStandard.Status)
    evidence = models.CharField(max_length=10, choices=Evidence)
    reason = models.TextField()
    lesions = models.JSONField(default=list)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=models.F("by")),
                name="truth_consensus_takes_two",
            )
        ]
        ordering = ["-at", "id"]

    def __str__(self) -> str:
        return self.status


class StandardVersion(models.Model):
    """One version of a case's standard: what it said, how it came about. Never changed."""

    class How(models.TextChoices):
        """The way it came about."""

        SET = "set", "Set"
        OPINION = "opinion", "One opinion"
        AGREEMENT = "agreement", "Two opinions that agree"
        THIRD = "third", "Adjudicated by a third"
        CONSENSUS = "consensus", "Consensus of both"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=12, choices=ReferenceStandard.Status)
    source = models.CharField(max_length=200)
    lesions = models.JSONField(default=list)
    how = models.CharField(max_length=9, choices=How)
    rule = models.JSONField(default=dict)  # of matching, that found the opinions alike or not
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="truth_version_once")
        ]
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.number}: {self.status}"


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
