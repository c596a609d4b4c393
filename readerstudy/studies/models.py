"""Studies and what they are made of. Allocations live in `allocation`, walled off."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from readerstudy.accounts.models import Experience, Site
from readerstudy.imaging.models import Collection, Examination
from readerstudy.studies import allocation as _vault  # noqa: F401 -- so that Django has its models

__all__ = [
    "Arm",
    "Case",
    "Membership",
    "ProtocolVersion",
    "Question",
    "Reader",
    "Study",
    "WashoutOverride",
]


class Study(models.Model):
    """One protocol with its cases, readers and arms."""

    class State(models.TextChoices):
        """Where the study stands; `lifecycle` has the table of moves."""

        DRAFT = "draft", "Draft"
        READY = "ready", "Ready"  # locked: protocol hashed, allocation made; not yet open
        RUNNING = "running", "Running"
        CLOSED = "closed", "Closed"
        FROZEN = "frozen", "Frozen"
        UNBLINDED = "unblinded", "Unblinded"
        ARCHIVED = "archived", "Archived"

    class Design(models.TextChoices):
        """How readers, cases and arms meet."""

        PARALLEL = "parallel", "Parallel"
        CROSSOVER = "crossover", "Crossover"
        SEQUENTIAL = "sequential", "Sequential"
        SPLIT_PLOT = "split_plot", "Split-plot"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=160)
    summary = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    design = models.CharField(max_length=12, choices=Design, default=Design.CROSSOVER)
    washout_days = models.PositiveSmallIntegerField(default=28)
    block_sizes = models.JSONField(default=list)  # of permuted blocks, as [2, 4]
    strata = models.JSONField(default=list)  # of readers: "experience", "site"
    reader_blocks = models.PositiveSmallIntegerField(default=2)  # of a split-plot design
    idle_limit_s = models.PositiveSmallIntegerField(default=60)
    session_limit_min = models.PositiveSmallIntegerField(default=0)  # 0: none (R10)
    rest_min = models.PositiveSmallIntegerField(default=15)  # after a session at its limit
    repeats = models.PositiveSmallIntegerField(default=0)  # cases read again at the end (R13)
    questionnaires = models.JSONField(default=list)  # of `definition.QuestionnaireDraft`
    pass_mark_percent = models.PositiveSmallIntegerField(default=0)  # of training; 0: none
    training_cases = models.PositiveSmallIntegerField(default=0)  # of an attempt; 0: all
    test_cases = models.PositiveSmallIntegerField(default=0)  # the last of an attempt; 0: no test
    hanging = models.JSONField(default=dict)  # of `hanging.Hanging`; what it lacks is as usual
    explanations = models.JSONField(default=dict)  # of `explanations.Explanations`, likewise
    lesion_classification = models.BooleanField(default=False)  # told where proposals show
    mark_scale = models.JSONField(default=dict)  # of `scales.MarkScale`; what it lacks is as usual
    coordinator_blinded = models.BooleanField(default=True)
    is_simulated = models.BooleanField(default=False)  # holds simulated reads: said everywhere
    analysis_plan = models.JSONField(default=dict)  # the SAP; locked with the protocol
    halted_reason = models.TextField(blank=True)  # why reading is stopped by the platform (A3)
    collection = models.OneToOneField(Collection, on_delete=models.PROTECT, related_name="+")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "studies"

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """What a user does in a study (requirement A4)."""

    class Role(models.TextChoices):
        """The roles of a study."""

        COORDINATOR = "coordinator", "Coordinator"
        RANDOMISER = "randomiser", "Randomiser"
        STATISTICIAN = "statistician", "Unblinded statistician"
        ANALYST = "analyst", "Analyst"
        TRUTH_READER = "truth_reader", "Truth reader"
        READER = "reader", "Reader"
        SITE_LEAD = "site_lead", "Site lead"

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(max_length=12, choices=Role)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "user", "role"], name="studies_role_once")
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role}"


class Reader(models.Model):
    """A radiologist taking part in a study; experience and site as they were on joining."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="readers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=8)  # "R01": how the statistics name them
    experience = models.CharField(max_length=20, choices=Experience)
    experience_years = models.PositiveSmallIntegerField(null=True, blank=True)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "user"], name="studies_reader_once"),
            models.UniqueConstraint(fields=["study", "code"], name="studies_reader_code_once"),
        ]
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class Case(models.Model):
    """One patient examination to read."""

    class Kind(models.TextChoices):
        """What the case is for."""

        MAIN = "main", "Main"
        TRAINING = "training", "Training"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="cases")
    examination = models.ForeignKey(Examination, on_delete=models.PROTECT, related_name="+")
    # An earlier examination of the same patient, shown beside the case in every arm; never read.
    prior = models.ForeignKey(
        Examination, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    prior_days = models.PositiveIntegerField(null=True, blank=True)  # None: no dates were kept
    code = models.CharField(max_length=12)  # "C-017", dealt at random so that it tells nothing
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.MAIN)
    declared_without_proposals = models.BooleanField(default=False)  # C8
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "examination"], name="studies_case_once"),
            models.UniqueConstraint(fields=["study", "code"], name="studies_case_code_once"),
        ]
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class Arm(models.Model):
    """A condition of reading; in the statistics a modality (treatment)."""

    class Mode(models.TextChoices):
        """When proposals show."""

        CONTROL = "control", "Control (unaided)"
        CONCURRENT = "concurrent", "AI, concurrent"
        SECOND_READER = "second_reader", "AI, second reader"
        ON_DEMAND = "on_demand", "AI, on demand"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="arms")
    key = models.CharField(max_length=1)  # "A", "B"
    name = models.CharField(max_length=60)
    mode = models.CharField(max_length=13, choices=Mode, default=Mode.CONTROL)
    detector = models.CharField(max_length=120, blank=True)  # by value: "name@version"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "key"], name="studies_arm_key_once"),
            models.CheckConstraint(
                condition=Q(mode="control", detector="") | (~Q(mode="control") & ~Q(detector="")),
                name="studies_detector_iff_not_control",
            ),
        ]
        ordering = ["key"]

    def __str__(self) -> str:
        return self.name


class Question(models.Model):
    """A case-level question of the form. Exactly one is the rating that the ROC uses."""

    class Kind(models.TextChoices):
        """How it is answered."""

        RATING = "rating", "Rating, 0-100"
        SCALE = "scale", "Scale of levels"
        CHOICE = "choice", "One choice"
        MULTICHOICE = "multichoice", "Several choices"
        NUMBER = "number", "Number"
        TEXT = "text", "Text"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="questions")
    key = models.SlugField(max_length=40)
    position = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=240)
    help = models.CharField(max_length=240, blank=True)
    kind = models.CharField(max_length=12, choices=Kind)
    choices = models.JSONField(default=list)  # [{"value", "label"}] of choices and levels
    low_label = models.CharField(max_length=60, blank=True)  # the words at 0 and at 100
    high_label = models.CharField(max_length=60, blank=True)
    minimum = models.FloatField(null=True, blank=True)
    maximum = models.FloatField(null=True, blank=True)
    is_required = models.BooleanField(default=True)
    is_primary = models.BooleanField(default=False)  # the rating of the figure of merit
    shown_if = models.JSONField(default=dict)  # {"question": key, "equals": value} or {}
    # An amendment retires a row and adds another: a read keeps the questions it was opened with.
    first_version = models.PositiveSmallIntegerField(default=1)
    last_version = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "key", "first_version"], name="studies_question_key_once"
            ),
            models.UniqueConstraint(
                fields=["study", "key"],
                condition=Q(last_version__isnull=True),
                name="studies_question_key_current_once",
            ),
            models.UniqueConstraint(
                fields=["study"],
                condition=Q(is_primary=True, last_version__isnull=True),
                name="studies_one_primary_question",
            ),
        ]
        ordering = ["position", "key"]

    def __str__(self) -> str:
        return self.text


class ProtocolVersion(models.Model):
    """The protocol as it was locked: one canonical document and its hash. Never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="protocol_versions")
    number = models.PositiveSmallIntegerField()
    document = models.JSONField()
    sha256 = models.CharField(max_length=64)
    allocation_sha256 = models.CharField(max_length=64)  # published at lock; the list is concealed
    reason = models.TextField(blank=True)
    locked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    locked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "number"], name="studies_protocol_version_once"
            )
        ]
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.study} {self.number}.0"


class WashoutOverride(models.Model):
    """A coordinator's leave for one reader to begin a period before its washout ends (C5)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="washout_overrides")
    period = models.PositiveSmallIntegerField()
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reader", "period"], name="studies_override_once")
        ]

    def __str__(self) -> str:
        return f"{self.reader} period {self.period}"
