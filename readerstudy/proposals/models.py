"""Runs of detectors: jobs are rows. What they found lives in `lesions`, walled off."""

import uuid

from django.conf import settings
from django.db import models

from readerstudy.imaging.models import Examination, SeriesRole
from readerstudy.proposals.lesions import ProposalHeatMap, ProposedLesion

__all__ = ["ProposalHeatMap", "ProposedLesion", "Run", "VendorDetector"]


class Run(models.Model):
    """One detector on one examination: state, lease, attempts and fencing token."""

    class State(models.TextChoices):
        """Where the job stands."""

        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"  # will be tried again
        QUARANTINED = "quarantined", "Quarantined"  # tried too often; a person must look

    class Stage(models.TextChoices):
        """What its worker is at; the first comes with the claim."""

        LOADING = "loading", "loading"
        NETWORK = "network", "network"
        EXPLAINING = "explaining", "explaining"
        WRITING = "writing", "writing"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    examination = models.ForeignKey(Examination, on_delete=models.PROTECT, related_name="+")
    detector = models.CharField(max_length=120)  # "name@version"
    source = models.CharField(max_length=16, default="detector")  # detector or vendor
    weights_sha256 = models.CharField(max_length=64, blank=True)
    # Of the series in whose slices its lesions are outlined: T1c, or CT.
    grid_role = models.CharField(
        max_length=5, choices=SeriesRole, default=SeriesRole.T1C, db_default=SeriesRole.T1C
    )
    key = models.CharField(max_length=64, unique=True)  # sha256 of examination and detector
    state = models.CharField(max_length=11, choices=State, default=State.QUEUED)
    # Where it is, or where it was when it failed.
    stage = models.CharField(max_length=10, choices=Stage, blank=True, default="", db_default="")
    attempt = models.PositiveSmallIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0)  # raised at each claim; stale writers lose
    # Until then its worker holds it; one that failed is not tried again before.
    lease_until = models.DateTimeField(null=True, blank=True)
    kinds_head = models.CharField(max_length=60, blank=True)  # asked of kinds: "name@version"
    kinds_sha256 = models.CharField(max_length=64, blank=True)
    kinds_lack = models.CharField(max_length=60, blank=True)  # series without which it cannot say
    error = models.TextField(blank=True)
    lost = models.PositiveSmallIntegerField(default=0, db_default=0)  # attempts without a last word
    # What the detector computed it with, where it says so.
    device = models.CharField(max_length=16, blank=True, default="", db_default="")
    window = models.PositiveIntegerField(null=True, blank=True)  # voxels a side; null: whole head
    is_reduced = models.BooleanField(default=False, db_default=False)  # as memory lacked
    found = models.PositiveIntegerField(null=True, blank=True)  # where more than are kept
    seconds = models.FloatField(null=True, blank=True)
    queued_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-queued_at"]

    def __str__(self) -> str:
        return f"{self.detector} {self.state}"


class VendorDetector(models.Model):
    """Another maker's AI: it runs elsewhere, its results are delivered as files."""

    name = models.CharField(max_length=60)
    version = models.CharField(max_length=40)
    maker = models.CharField(max_length=80)
    statement = models.CharField(max_length=400)  # what readers are told about it
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="proposals_vendor_once")
        ]
        ordering = ["name", "version"]

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"
