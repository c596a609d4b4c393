"""What goes into and comes out of the reading room's API, every member named by hand."""

from typing import Any

from rest_framework import serializers

from readerstudy.reads.draft_schemas import DraftOutput
from readerstudy.reads.events import (
    KINDS,
    MAX_BATCH,
    MAX_MONO_MS,
    MAX_SEQ,
    MAX_WALL_MS,
    plain,
)
from readerstudy.reads.proposal_schemas import AiOutput
from readerstudy.studies import definition, hanging
from readerstudy.web.api import Input

MAX_FENCE = 2**31 - 1


class NextOutput(serializers.Serializer[Any]):
    """The next thing to do in a study."""

    action = serializers.ChoiceField(
        choices=[
            "continue",
            "start",
            "wait",
            "rest",
            "done",
            "training",
            "questionnaire",
            "not_qualified",
        ]
    )
    read_id = serializers.UUIDField(allow_null=True)
    opens_on = serializers.DateField(allow_null=True)
    opens_at = serializers.DateTimeField(allow_null=True)
    questionnaire = serializers.SlugField(allow_null=True)


class WorklistEntryOutput(serializers.Serializer[Any]):
    """One study of the reader's worklist; never an outcome, never an arm."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    reader_code = serializers.CharField()
    state = serializers.CharField()
    next = NextOutput()
    done = serializers.IntegerField()
    planned = serializers.IntegerField()
    period = serializers.IntegerField()
    periods = serializers.IntegerField()
    training_done = serializers.IntegerField()
    training_planned = serializers.IntegerField()
    is_simulated = serializers.BooleanField()


class WorklistOutput(serializers.Serializer[Any]):
    """The studies in which the user reads."""

    studies = WorklistEntryOutput(many=True)


class DisplayInput(Input):
    """The display that a session is read on (R11)."""

    width_px = serializers.IntegerField(min_value=1, max_value=20000)
    height_px = serializers.IntegerField(min_value=1, max_value=20000)
    pixel_ratio = serializers.FloatField(min_value=0.1, max_value=20)
    webgl = serializers.BooleanField()
    renderer = serializers.CharField(max_length=200, allow_blank=True, required=False)
    window_width_px = serializers.IntegerField(min_value=1, max_value=20000, required=False)
    window_height_px = serializers.IntegerField(min_value=1, max_value=20000, required=False)
    pixels_per_mm = serializers.FloatField(
        min_value=1, max_value=50, required=False, allow_null=True
    )  # of the screen, measured with a card; none where the reader did not
    colour_depth = serializers.IntegerField(min_value=1, max_value=64, required=False)
    test_pattern = serializers.ChoiceField(choices=["seen", "not_seen", "skipped"], required=False)


class SessionInput(Input):
    """A sitting begins."""

    display = DisplayInput()


class OpenInput(Input):
    """Open the own next read in this tab."""

    session_id = serializers.UUIDField(allow_null=True)
    tab = serializers.UUIDField()


class TabInput(Input):
    """The browser tab that asks."""

    tab = serializers.UUIDField()


class EventInput(Input):
    """One thing the reader's browser did."""

    event_id = serializers.UUIDField()
    seq = serializers.IntegerField(min_value=1, max_value=MAX_SEQ)
    kind = serializers.ChoiceField(choices=sorted(KINDS))
    mono_ms = serializers.FloatField(min_value=0, max_value=MAX_MONO_MS)
    wall_ms = serializers.IntegerField(min_value=0, max_value=MAX_WALL_MS)
    payload = serializers.DictField(child=serializers.JSONField(allow_null=True), allow_empty=True)


class EventList(serializers.ListField):
    """A batch; events that are plainly as they should be are not looked at twice."""

    def to_internal_value(self, data: Any) -> Any:
        """The events; the serializer says what is wrong where something is."""
        if isinstance(data, list) and len(data) <= MAX_BATCH:
            quick = [plain(each) for each in data]
            if None not in quick:
                return quick
        return super().to_internal_value(data)


class EventsInput(Input):
    """A batch of one tab's events."""

    tab = serializers.UUIDField()
    fence = serializers.IntegerField(min_value=1, max_value=MAX_FENCE)  # 0: by a late key
    schema = serializers.IntegerField(
        min_value=1, default=1, help_text="Of the events; 1 where a page names none."
    )
    events = EventList(child=EventInput(), max_length=MAX_BATCH)


class LateEventsInput(EventsInput):
    """What a deactivated reader's browser had not sent, under the read's late key."""

    late_key = serializers.CharField(max_length=64)


class ReceiptOutput(serializers.Serializer[Any]):
    """The ids that are stored, and the sequence numbers to send again."""

    acknowledged = serializers.ListField(child=serializers.UUIDField())
    missing = serializers.ListField(child=serializers.IntegerField())
    last_seq = serializers.IntegerField()


class FenceOutput(serializers.Serializer[Any]):
    """The lease's new number."""

    fence = serializers.IntegerField()


class SubmitInput(Input):
    """A signature under a read."""

    tab = serializers.UUIDField()
    fence = serializers.IntegerField(min_value=0, max_value=MAX_FENCE)
    last_seq = serializers.IntegerField(min_value=0, max_value=MAX_SEQ)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)
    meaning = serializers.CharField(max_length=240)


class SignatureOutput(serializers.Serializer[Any]):
    """Who signed, meaning what, and the hash of what was signed."""

    name = serializers.CharField()
    meaning = serializers.CharField()
    sha256 = serializers.CharField()


class LesionFeedbackOutput(serializers.Serializer[Any]):
    """A lesion of a training case and whether it was marked."""

    number = serializers.IntegerField()
    position_mm = serializers.ListField(child=serializers.FloatField())
    diameter_mm = serializers.FloatField()
    found = serializers.BooleanField()


class FeedbackOutput(serializers.Serializer[Any]):
    """The truth of a training case, after its read is submitted."""

    status = serializers.CharField()
    lesions = LesionFeedbackOutput(many=True)
    false_marks = serializers.ListField(child=serializers.IntegerField())


class TestResultOutput(serializers.Serializer[Any]):
    """What a test came to, once its last case is signed; never what was there."""

    right = serializers.IntegerField()
    of = serializers.IntegerField()
    pass_mark_percent = serializers.IntegerField()
    is_passed = serializers.BooleanField()


class SubmittedOutput(serializers.Serializer[Any]):
    """The submission's one answer."""

    read_id = serializers.UUIDField()
    submitted_at = serializers.DateTimeField()
    signature = SignatureOutput()
    feedback = FeedbackOutput(required=False)
    test_result = TestResultOutput(required=False)


class ProblemInput(Input):
    """What is wrong with a case."""

    words = serializers.CharField(max_length=2000)


class ReportOutput(serializers.Serializer[Any]):
    """The report's number."""

    report = serializers.CharField()


class GeometryOutput(serializers.Serializer[Any]):
    """Where a series lies in the patient (docs/architecture.md, *Geometry*)."""

    rows = serializers.IntegerField()
    columns = serializers.IntegerField()
    frames = serializers.IntegerField()
    row_cosine = serializers.ListField(child=serializers.FloatField())
    column_cosine = serializers.ListField(child=serializers.FloatField())
    positions_mm = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField())
    )
    pixel_spacing_mm = serializers.ListField(child=serializers.FloatField())
    spacing_mm = serializers.FloatField()
    slice_thickness_mm = serializers.FloatField(allow_null=True)
    frame_of_reference = serializers.CharField()
    dtype = serializers.ChoiceField(choices=["uint8", "int16", "uint16"])
    rescale = serializers.ListField(child=serializers.FloatField())
    photometric = serializers.CharField()
    window = serializers.ListField(child=serializers.FloatField())
    presets = serializers.DictField(child=serializers.ListField(child=serializers.FloatField()))


class SeriesOutput(serializers.Serializer[Any]):
    """One series of the case."""

    id = serializers.UUIDField()
    role = serializers.CharField()
    description = serializers.CharField()
    frames = serializers.IntegerField()
    bytes = serializers.IntegerField()
    geometry = GeometryOutput()
    acquisition = serializers.DictField()
    encodings = serializers.ListField(child=serializers.CharField())


class TestPlaceOutput(serializers.Serializer[Any]):
    """Which of a test's cases it is."""

    number = serializers.IntegerField()
    of = serializers.IntegerField()


class ReadOutput(serializers.Serializer[Any]):
    """The read itself."""

    id = serializers.UUIDField()
    state = serializers.CharField()
    stage = serializers.ChoiceField(choices=["only", "unaided", "aided"])
    fence = serializers.IntegerField()
    number = serializers.IntegerField()
    of = serializers.IntegerField()
    is_training = serializers.BooleanField()
    test = TestPlaceOutput(required=False)
    opened_at = serializers.DateTimeField()
    idle_limit_s = serializers.IntegerField()
    read_only = serializers.BooleanField()  # type: ignore[assignment] # the contract's name
    events_schema = serializers.IntegerField()
    late_key = serializers.CharField()


class SittingOutput(serializers.Serializer[Any]):
    """How long the reader has been sitting; a limit of 0 is none."""

    elapsed_s = serializers.IntegerField()
    limit_min = serializers.IntegerField()


class ChoiceOutput(serializers.Serializer[Any]):
    """One choice of a question."""

    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # the contract's name


class QuestionOutput(serializers.Serializer[Any]):
    """A question of the form."""

    key = serializers.CharField()
    text = serializers.CharField()
    help = serializers.CharField(allow_blank=True)
    kind = serializers.ChoiceField(choices=definition.KINDS)
    choices = ChoiceOutput(many=True)  # of a scale its levels: "1" is the lowest
    low_label = serializers.CharField(allow_blank=True)
    high_label = serializers.CharField(allow_blank=True)
    minimum = serializers.FloatField(allow_null=True)
    maximum = serializers.FloatField(allow_null=True)
    is_required = serializers.BooleanField()
    is_primary = serializers.BooleanField()
    shown_if = serializers.DictField()


class CaseOutput(serializers.Serializer[Any]):
    """The case's code."""

    code = serializers.CharField()


class HangingOutput(serializers.Serializer[Any]):
    """How the protocol hangs the images of a case when it opens."""

    layout = serializers.ChoiceField(choices=hanging.LAYOUTS)
    roles = serializers.ListField(child=serializers.ChoiceField(choices=hanging.ROLES))
    window = serializers.ChoiceField(choices=hanging.WINDOWS)
    linked = serializers.ListField(child=serializers.ChoiceField(choices=hanging.LINKS))
    questions = serializers.ChoiceField(choices=hanging.PLACES)


class MarkScaleOutput(serializers.Serializer[Any]):
    """What marks are rated on: 0 to 100, or levels, where a rating is a level's number from 1."""

    levels = serializers.ListField(child=serializers.CharField())
    low_label = serializers.CharField(allow_blank=True)
    high_label = serializers.CharField(allow_blank=True)


class PriorOutput(serializers.Serializer[Any]):
    """An earlier examination of the patient, for comparison; its days are null where unknown."""

    days = serializers.IntegerField(allow_null=True)
    series = SeriesOutput(many=True)


class PacketOutput(serializers.Serializer[Any]):
    """Everything that the browser receives for one read."""

    read = ReadOutput()
    session = SittingOutput()
    case = CaseOutput()
    token = serializers.CharField()
    token_expires_at = serializers.DateTimeField()
    series = SeriesOutput(many=True)
    prior = PriorOutput(allow_null=True)
    hanging = HangingOutput()
    mark_scale = MarkScaleOutput()
    questions = QuestionOutput(many=True)
    draft = DraftOutput()
    meaning = serializers.CharField()
    ai = AiOutput(required=False)


class NextImagesOutput(serializers.Serializer[Any]):
    """The next case's series, for prefetching only."""

    token = serializers.CharField(allow_blank=True)
    series = SeriesOutput(many=True)


class SessionOutput(serializers.Serializer[Any]):
    """The sitting's id, and the images of its first case; empty where none would open now."""

    session_id = serializers.UUIDField()
    next_images = NextImagesOutput()
