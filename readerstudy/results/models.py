"""Frozen data sets, unblinding and analysis runs."""

import uuid

from django.conf import settings
from django.db import models

from readerstudy.imaging.models import Destination
from readerstudy.studies.models import Case, Reader, Study


class Freeze(models.Model):
    """The immutable, hashed data set that analyses run on; its files lie in the store."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    counts = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.sha256[:12]


class TwoPersons(models.Model):
    """What one person asks for with a reason and another grants."""

    reason = models.TextField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField()
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    granted_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


def _takes_two(name: str) -> models.CheckConstraint:
    """Nobody grants what they asked for themselves."""
    own = models.Q(granted_by=models.F("asked_by"))
    return models.CheckConstraint(condition=models.Q(granted_by__isnull=True) | ~own, name=name)


class Unblinding(TwoPersons):
    """Asked for by one person, granted by another, with a reason."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    freeze = models.OneToOneField(Freeze, on_delete=models.PROTECT, related_name="unblinding")

    class Meta:
        constraints = [_takes_two("results_unblinding_takes_two")]

    def __str__(self) -> str:
        return f"{self.freeze} {'granted' if self.granted_at else 'asked'}"


class EmergencyUnblinding(TwoPersons):
    """One case as one reader read it in one period, unblinded before the study is (fault D9).

    Asked for by one person with a reason, granted by another, each with their password. What was
    told and to whom is this row; reads that it concerns are marked in the frozen data.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    period = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reader", "case", "period"], name="results_emergency_once"
            ),
            _takes_two("results_emergency_takes_two"),
        ]
        ordering = ["-asked_at"]

    def __str__(self) -> str:
        return f"{self.reader} {self.case} {'granted' if self.granted_at else 'asked'}"


class AnalysisRun(models.Model):
    """One run of the analysis plan on a freeze: a job, then its numbers."""

    class State(models.TextChoices):
        """Where the job stands."""

        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    freeze = models.ForeignKey(Freeze, on_delete=models.PROTECT, related_name="runs")
    plan = models.JSONField()
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    fence = models.PositiveIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    numbers = models.JSONField(null=True, blank=True)
    numbers_sha256 = models.CharField(max_length=64, blank=True)
    software = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    queued_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-queued_at"]

    def __str__(self) -> str:
        return f"{self.freeze} {self.state}"


class InterimMask(models.Model):
    """The letters under which a study's arms are shown before unblinding: drawn once, kept."""

    study = models.OneToOneField(Study, on_delete=models.PROTECT, related_name="+")
    letters = models.JSONField()  # arm key -> letter

    def __str__(self) -> str:
        return "masked"


class InterimLook(models.Model):
    """One blinded look at data that are not locked: what was shown, counted, never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField()
    form = models.CharField(max_length=8)  # of the plan: "pooled", "masked"
    numbers = models.JSONField()
    numbers_sha256 = models.CharField(max_length=64)
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="results_look_once")
        ]
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.number}"


class Sending(models.Model):
    """A study's results are to be sent to a PACS: a job that puts the objects on their way."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    destination = models.ForeignKey(Destination, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    objects_made = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=400, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at"]

    def __str__(self) -> str:
        return f"{self.study} to {self.destination}"
