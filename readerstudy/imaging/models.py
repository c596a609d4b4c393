"""Collections of de-identified examinations, their series and instances, and uploads."""

import uuid

from django.conf import settings
from django.db import models


class SeriesRole(models.TextChoices):
    """What a series is for; found from its header, never from its order."""

    T1C = "t1c", "T1 with contrast"
    T1 = "t1", "T1"
    T2 = "t2", "T2"
    FLAIR = "flair", "FLAIR"
    CT = "ct", "CT"
    OTHER = "other", "Other"


class Verdict(models.TextChoices):
    """The outcome of the acquisition quality check."""

    PASS = "pass", "Pass"
    WARN = "warn", "Warn"
    FAIL = "fail", "Fail"


class Collection(models.Model):
    """A set of examinations that share one de-identification key. A study owns one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    uid_key = models.BinaryField(max_length=32)  # keyed hash of UIDs; empty once destroyed
    key_destroyed_at = models.DateTimeField(null=True, blank=True)
    deidentification = models.JSONField(default=dict)  # `options.Options`; empty: the defaults
    imaging_protocol = models.JSONField(default=dict)  # `protocol`; empty: the default

    def __str__(self) -> str:
        return self.name


class Examination(models.Model):
    """One patient examination: series that share a (mapped) Study Instance UID."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(
        Collection, on_delete=models.PROTECT, related_name="examinations"
    )
    study_uid = models.CharField(max_length=64)
    patient = models.CharField(max_length=32)  # pseudonym by keyed hash
    # As its files have them: moved by the patient's span (`dates`), or null where removed.
    study_date = models.DateField(null=True, blank=True)
    study_time = models.TimeField(null=True, blank=True)
    verdict = models.CharField(max_length=4, choices=Verdict, blank=True)
    findings = models.JSONField(default=list)  # [{"verdict", "check", "words"}]
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    accepted_note = models.TextField(blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)  # packs written and checked
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["collection", "study_uid"], name="imaging_examination_once"
            )
        ]
        indexes = [
            models.Index(fields=["collection", "patient"], name="imaging_patient"),
            models.Index(fields=["collection", "study_date"], name="imaging_study_date"),
        ]
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return self.patient


class Series(models.Model):
    """One series, written once as a pack that is ready to send (`imaging.packs`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    examination = models.ForeignKey(Examination, on_delete=models.PROTECT, related_name="series")
    series_uid = models.CharField(max_length=64)
    frame_of_reference_uid = models.CharField(max_length=64, blank=True)
    dicom_modality = models.CharField(max_length=16)
    role = models.CharField(max_length=8, choices=SeriesRole, default=SeriesRole.OTHER)
    description = models.CharField(max_length=64, blank=True)
    number = models.IntegerField(default=0)
    geometry = models.JSONField(null=True, blank=True)  # see docs/architecture.md, "Geometry"
    acquisition = models.JSONField(default=dict)  # TR, TE, field, vendor: nothing identifying
    pack_sha256 = models.CharField(max_length=64, blank=True)  # empty until packed
    pack_bytes = models.PositiveBigIntegerField(default=0)
    # Of what is written with it; what the release before makes while it ends has none.
    metadata_sha256 = models.CharField(max_length=64, blank=True, default="", db_default="")
    thumbnail_sha256 = models.CharField(max_length=64, blank=True, default="", db_default="")
    # The compressed pack is good as long as the raw one is what it was made of.
    compressed_of = models.CharField(max_length=64, blank=True)  # that one's SHA-256
    compressed_sha256 = models.CharField(max_length=64, blank=True)  # empty: not worth it
    compressed_bytes = models.PositiveBigIntegerField(default=0)
    is_defaced = models.BooleanField(default=False)
    is_looked_at = models.BooleanField(default=False)  # a person saw no name in its pixels
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["examination", "series_uid"], name="imaging_series_once"
            )
        ]
        ordering = ["number", "id"]
        verbose_name_plural = "series"

    def __str__(self) -> str:
        return self.description or self.series_uid

    @property
    def is_compressed(self) -> bool:
        """Whether there is a compressed pack of the series as it is packed now."""
        return bool(self.compressed_bytes and self.compressed_of == self.pack_sha256)


class Instance(models.Model):
    """One de-identified DICOM Part 10 file in the store."""

    id = models.BigAutoField(primary_key=True)
    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="instances")
    sop_class_uid = models.CharField(max_length=64)
    sop_uid = models.CharField(max_length=64)
    number = models.IntegerField(default=0)
    frames = models.PositiveIntegerField(default=1)
    bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)  # of the de-identified file
    source_sha256 = models.CharField(max_length=64)  # of what arrived: repeats are no-ops
    # Where its frames lie in the file, one after the other; null for files of older releases.
    pixel_offset = models.PositiveBigIntegerField(null=True)
    frame_bytes = models.PositiveBigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "sop_uid"], name="imaging_instance_once")
        ]
        indexes = [models.Index(fields=["sop_uid"], name="imaging_instance_by_uid")]
        ordering = ["number", "id"]

    def __str__(self) -> str:
        return self.sop_uid


class Upload(models.Model):
    """One delivery of files and the report of what became of each."""

    class State(models.TextChoices):
        """Where the delivery stands."""

        RECEIVING = "receiving", "Receiving"
        WORKING = "working", "Working"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="uploads")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    # Whose files it takes until none has come for a while; null: it is ended by who began it.
    sender = models.ForeignKey(
        "Sender", on_delete=models.PROTECT, null=True, blank=True, related_name="uploads"
    )
    source = models.CharField(max_length=16, default="browser")  # browser, command, stow, c-store
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVING)
    received = models.PositiveIntegerField(default=0)
    stored = models.PositiveIntegerField(default=0)
    repeated = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    report = models.JSONField(default=dict)  # series -> counts, reasons; tag -> what was done
    created_at = models.DateTimeField()
    touched_at = models.DateTimeField(null=True, blank=True)  # when files were last written in it
    done_at = models.DateTimeField(null=True, blank=True)
    attempt = models.PositiveSmallIntegerField(default=0)  # of workers to finish it
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.source} {self.id}"


class Sender(models.Model):
    """A program or a PACS that may send to a collection without a person who is signed in.

    By C-STORE it is known by the AE titles it calls from and calls, by STOW-RS by a token of
    which only the hash is kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="senders")
    name = models.CharField(max_length=120)
    calling_ae_title = models.CharField(max_length=16, blank=True)
    called_ae_title = models.CharField(max_length=16, blank=True)
    token_sha256 = models.CharField(max_length=64, blank=True)
    may_read = models.BooleanField(default=False)  # query and retrieve what the collection holds
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    open_upload: uuid.UUID | None = None  # its open delivery, as it was when its token was read

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["calling_ae_title", "called_ae_title"],
                condition=models.Q(ended_at=None) & ~models.Q(calling_ae_title=""),
                name="imaging_sender_by_ae_titles",
            ),
            models.UniqueConstraint(
                fields=["token_sha256"],
                condition=~models.Q(token_sha256=""),
                name="imaging_sender_by_token",
            ),
        ]
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return self.name


class HeldFile(models.Model):
    """A de-identified image that may show names in its pixels, until a person has looked.

    Its file lies in the private spool under its id, and is wiped when it is decided about.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="held")
    sop_uid = models.CharField(max_length=64)
    series_uid = models.CharField(max_length=64)
    header = models.JSONField()  # as the sandbox tells it, without the scanner's own words
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["collection", "sop_uid"], name="imaging_held_once")
        ]
        indexes = [models.Index(fields=["collection", "series_uid"], name="imaging_held_series")]
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return str(self.id)


class Part(models.Model):
    """A large file that arrives in chunks (tus 1.0); what is there of it lies in the spool."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="parts")
    length = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64, blank=True)  # as the sender says it
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return str(self.id)


class Destination(models.Model):
    """A PACS that takes what we make: results as SEG and SR. No secret is kept in a row."""

    class Way(models.TextChoices):
        """How it takes objects."""

        STOW = "stow", "STOW-RS"
        C_STORE = "c-store", "C-STORE"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=60)
    way = models.CharField(max_length=8, choices=Way)
    address = models.CharField(max_length=400)  # the service's URL, or host:port
    calling_ae_title = models.CharField(max_length=16, blank=True)
    called_ae_title = models.CharField(max_length=16, blank=True)
    token_variable = models.CharField(max_length=60, blank=True)  # of the environment
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(ended_at=None),
                name="imaging_destination_by_name",
            )
        ]
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return self.name


class Parcel(models.Model):
    """One object on its way to a destination: a job with state, lease, attempts and fence."""

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting", "Waiting"  # to be sent, or to be tried again at `due_at`
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"  # refused, or tried too often; a person must look

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    destination = models.ForeignKey(Destination, on_delete=models.PROTECT, related_name="parcels")
    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="parcels")
    name = models.CharField(max_length=120)  # in words: whose lesions, of which case
    sop_class_uid = models.CharField(max_length=64)
    sop_uid = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempt = models.PositiveSmallIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["destination", "sop_uid"], name="imaging_parcel_once")
        ]
        indexes = [models.Index(fields=["state", "due_at"], name="imaging_parcel_due")]
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return self.name


class EndedGrant(models.Model):
    """What tokens were handed out for, and is over (`endings`)."""

    id = models.UUIDField(primary_key=True, editable=False)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.id)
