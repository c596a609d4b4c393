"""Reads, the raw events they are made of, and what the events add up to."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from readerstudy.reads import packing
from readerstudy.reads.packing import Kept
from readerstudy.studies.allocation import Allocation
from readerstudy.studies.models import Arm, Case, ProtocolVersion, Question, Reader


class Session(models.Model):
    """One sitting of a reader, with the display they read on (R10, R11)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="sessions")
    display = models.JSONField(default=dict)  # `schemas.DisplayInput`
    started_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.reader} {self.started_at:%Y-%m-%d %H:%M}"


class Read(models.Model):
    """One reader x case x arm x period, from opening to signature."""

    class State(models.TextChoices):
        """Where the read stands; `lifecycle` has the table of moves."""

        OPENED = "opened", "Opened"
        PAUSED = "paused", "Paused"
        SUBMITTED = "submitted", "Submitted"
        WITHDRAWN = "withdrawn", "Withdrawn"
        VOIDED = "voided", "Voided"

    class Stage(models.TextChoices):
        """A second-reader arm keeps the unaided read as one of its own (R6)."""

        ONLY = "only", "Only"
        UNAIDED = "unaided", "Unaided"
        AIDED = "aided", "Aided"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    allocation = models.ForeignKey(Allocation, on_delete=models.PROTECT, related_name="+")
    stage = models.CharField(max_length=8, choices=Stage, default=Stage.ONLY)
    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="reads")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    arm = models.ForeignKey(Arm, on_delete=models.PROTECT, related_name="+")
    period = models.PositiveSmallIntegerField()
    attempt = models.PositiveSmallIntegerField(default=1)  # at training, which may be done again
    protocol_version = models.ForeignKey(
        ProtocolVersion, on_delete=models.PROTECT, related_name="+"
    )
    session = models.ForeignKey(Session, null=True, on_delete=models.PROTECT, related_name="reads")
    state = models.CharField(max_length=10, choices=State, default=State.OPENED)
    opened_at = models.DateTimeField()
    last_event_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    lease_tab = models.CharField(max_length=36, blank=True)  # the tab that may write
    lease_fence = models.PositiveIntegerField(default=0)  # raised when another tab takes over
    no_lesion_said = models.BooleanField(default=False)  # "no metastasis" is said, not implied
    ai_from = models.DateTimeField(null=True, blank=True)  # on demand: asked for since then
    submit_key = models.CharField(max_length=36, blank=True)  # Idempotency-Key of the submission
    submit_reply = models.JSONField(null=True, blank=True)
    active_ms = models.PositiveBigIntegerField(null=True, blank=True)
    timing = models.JSONField(null=True, blank=True)  # parts, gaps, the definition's version
    is_simulated = models.BooleanField(default=False)
    note = models.TextField(blank=True)  # the reason of a withdrawal or a voiding

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["allocation", "stage", "attempt"], name="reads_once_an_attempt"
            ),
            models.CheckConstraint(
                condition=Q(attempt=1) | Q(period=0, attempt__gt=1), name="reads_again_is_training"
            ),
            models.UniqueConstraint(
                fields=["submit_key"], condition=~Q(submit_key=""), name="reads_submit_key_once"
            ),
            models.CheckConstraint(
                condition=Q(state="submitted", submitted_at__isnull=False, active_ms__isnull=False)
                | ~Q(state="submitted"),
                name="reads_submitted_has_time",
            ),
        ]
        ordering = ["opened_at"]

    def __str__(self) -> str:
        return f"{self.reader} {self.case} {self.state}"


class Batch(models.Model):
    """Events that a tab sent together, of one unbroken run of its numbers, packed (`packing`).

    Append-only: a trigger refuses a change (but of `is_applied`), a removal, and a run that
    overlaps another of its read and tab. Order is (tab, sequence), not time.
    """

    id = models.BigAutoField(primary_key=True)
    # No index of its own: that of (read, tab, first_seq) serves.
    read = models.ForeignKey(Read, on_delete=models.PROTECT, related_name="batches", db_index=False)
    tab = models.UUIDField()
    first_seq = models.PositiveIntegerField()  # from 1, without a gap, in its tab
    count = models.PositiveSmallIntegerField()
    fence = models.PositiveIntegerField(default=0)  # of the lease under which it was sent
    keys = models.BinaryField()  # ids and digests: same id, other bytes is refused
    body = models.BinaryField()
    received_at = models.DateTimeField()
    # False while an earlier event of its tab is missing, and for good when it came from a tab that
    # had lost the read, or after the signature.
    is_applied = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["read", "tab", "first_seq"], name="reads_batch_once"),
            models.CheckConstraint(
                condition=Q(first_seq__gte=1, count__gte=1), name="reads_batch_not_empty"
            ),
        ]
        # As the index has them. By `id`, a planner may walk the whole table for one read's few; by
        # `read`, it would be asked for the read's own order, by when it was opened.
        ordering = ["read_id", "tab", "first_seq"]

    def __str__(self) -> str:
        return f"{self.first_seq} to {self.last_seq}"

    @property
    def last_seq(self) -> int:
        """The number of the run's last event."""
        return self.first_seq + self.count - 1

    def events(self) -> list[Kept]:
        """The events, by sequence number."""
        return packing.unpacked(self.first_seq, bytes(self.keys), bytes(self.body))

    def clocks(self) -> list[tuple[str, float, int]]:
        """Kind, monotonic and wall clock (milliseconds) of each event."""
        return packing.clocks_of(bytes(self.body))


class Quarantine(models.Model):
    """An event under an id or a place that is taken, with other content: kept aside (C5)."""

    id = models.BigAutoField(primary_key=True)
    read = models.ForeignKey(Read, on_delete=models.PROTECT, related_name="+")
    event_id = models.UUIDField()
    digest = models.CharField(max_length=16)
    body = models.JSONField()  # as it was sent
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["read", "event_id", "digest"], name="reads_quarantine_once"
            )
        ]
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.event_id)


class Mark(models.Model):
    """A location in patient millimetres (LPS) with a rating: what the mark events add up to."""

    id = models.BigAutoField(primary_key=True)
    read = models.ForeignKey(Read, on_delete=models.PROTECT, related_name="marks")
    mark_id = models.UUIDField()  # the browser's
    number = models.PositiveSmallIntegerField()
    x_mm = models.FloatField()
    y_mm = models.FloatField()
    z_mm = models.FloatField()
    diameter_mm = models.FloatField(null=True, blank=True)
    rating = models.FloatField(null=True, blank=True)  # on the study's scale; none until rated
    series = models.UUIDField()  # of imaging, where it was put
    proposal = models.UUIDField(null=True, blank=True)  # the accepted or edited proposal's id
    mask = models.JSONField(null=True, blank=True)  # what was drawn: series, voxels (`masks`)
    # At what part of the way up from its surround it was grown; none where it was drawn by hand.
    threshold_percent = models.PositiveSmallIntegerField(null=True, blank=True)
    is_removed = models.BooleanField(default=False)  # kept: nothing a reader did is deleted

    class Meta:
        constraints = [models.UniqueConstraint(fields=["read", "mark_id"], name="reads_mark_once")]
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number} ({self.rating})"


class Measurement(models.Model):
    """What a reader measured, for their own eyes: shown again after a reload, never signed."""

    id = models.BigAutoField(primary_key=True)
    read = models.ForeignKey(Read, on_delete=models.PROTECT, related_name="measurements")
    measure_id = models.UUIDField()  # the browser's
    tool = models.CharField(max_length=13)  # of `events.MEASURE_POINTS`
    series = models.UUIDField()  # of imaging, where it was drawn
    points_mm = models.JSONField()  # LPS
    values = models.JSONField()  # what it came to, in the tool's own units
    is_removed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["read", "measure_id"], name="reads_measurement_once")
        ]
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.tool} {self.values}"


class Answer(models.Model):
    """The reply to one question of a read."""

    id = models.BigAutoField(primary_key=True)
    read = models.ForeignKey(Read, on_delete=models.PROTECT, related_name="answers")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="+")
    value = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["read", "question"], name="reads_answer_once")
        ]

    def __str__(self) -> str:
        return str(self.value)


class Decision(models.Model):
    """What a reader did with one proposal."""

    class Kind(models.TextChoices):
        """The three keys."""

        ACCEPTED = "accepted", "Accepted"
        REJECTED = "rejected", "Rejected"
        EDITED = "edited", "Edited"

    id = models.BigAutoField(primary_key=True)
    read = models.ForeignKey(Read, on_delete=models.PROTECT, related_name="decisions")
    proposal = models.UUIDField()
    kind = models.CharField(max_length=8, choices=Kind)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["read", "proposal"], name="reads_decision_once")
        ]

    def __str__(self) -> str:
        return self.kind


class Signature(models.Model):
    """A reader's signature under one read: who, when, meaning, and the hash of what was signed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    read = models.OneToOneField(Read, on_delete=models.PROTECT, related_name="signature")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)  # as printed, 21 CFR 11.50
    meaning = models.CharField(max_length=240)
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M}"


class ProblemReport(models.Model):
    """A reader's words about what is wrong with a case, for the coordinator."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    read = models.ForeignKey(Read, on_delete=models.PROTECT, related_name="problem_reports")
    words = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return self.words[:60]


class QuestionnaireReply(models.Model):
    """A reader's answers to one questionnaire of the protocol: signed in, kept, never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="replies")
    key = models.SlugField(max_length=40)  # of the questionnaire
    answers = models.JSONField()  # question -> value
    protocol_version = models.ForeignKey(
        ProtocolVersion, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["at"]
        verbose_name_plural = "questionnaire replies"

    def __str__(self) -> str:
        return f"{self.reader} {self.key}"


class Qualification(models.Model):
    """How a reader's training went, settled with their last training read."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="qualifications")
    attempt = models.PositiveSmallIntegerField()
    right = models.PositiveSmallIntegerField()  # training cases read right
    of = models.PositiveSmallIntegerField()
    pass_mark_percent = models.PositiveSmallIntegerField()  # of the protocol, when it was settled
    is_passed = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reader", "attempt"], name="reads_qualified_once")
        ]
        ordering = ["attempt"]

    def __str__(self) -> str:
        return f"{self.reader} {self.right}/{self.of}"


class Leave(models.Model):
    """What a coordinator decided for a reader who did not pass, with the reason."""

    class Kind(models.TextChoices):
        """What the reader may do."""

        AGAIN = "again", "Train again"
        ADMIT = "admit", "Go on without passing"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    qualification = models.OneToOneField(
        Qualification, on_delete=models.PROTECT, related_name="leave"
    )
    kind = models.CharField(max_length=5, choices=Kind)
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.kind


class Reminder(models.Model):
    """A mail to a reader: that their cases wait. Never which, and nothing of how they were read."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="reminders")
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )  # None: the platform itself

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.reader} {self.at:%Y-%m-%d}"
