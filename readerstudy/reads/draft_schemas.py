"""The part of a packet that the reader made: the draft, every member named by hand."""

from typing import Any

from rest_framework import serializers

from readerstudy.reads.events import MEASURE_POINTS


class MaskOutput(serializers.Serializer[Any]):
    """What was drawn of a lesion: voxels of a series, in runs (`reads.masks`)."""

    series = serializers.UUIDField()
    voxels = serializers.CharField()


class MarkOutput(serializers.Serializer[Any]):
    """A mark of the draft."""

    mark_id = serializers.UUIDField()
    number = serializers.IntegerField()
    position_mm = serializers.ListField(child=serializers.FloatField())
    diameter_mm = serializers.FloatField(allow_null=True)
    rating = serializers.FloatField(allow_null=True)
    mask = MaskOutput(allow_null=True)
    threshold_percent = serializers.IntegerField(allow_null=True)
    series = serializers.UUIDField()
    proposal = serializers.UUIDField(allow_null=True)


class MeasureOutput(serializers.Serializer[Any]):
    """A measurement of the reader's own."""

    measure_id = serializers.UUIDField()
    tool = serializers.ChoiceField(choices=list(MEASURE_POINTS))
    series = serializers.UUIDField()
    points_mm = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))
    values = serializers.ListField(child=serializers.FloatField())


class DraftOutput(serializers.Serializer[Any]):
    """What the events have added up to."""

    marks = MarkOutput(many=True)
    measures = MeasureOutput(many=True)
    answers = serializers.DictField()
    no_lesion_said = serializers.BooleanField()
    last_seq = serializers.DictField(child=serializers.IntegerField())
