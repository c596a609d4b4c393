"""What readers with AI are sent of its proposals, member by member."""

from typing import Any

from rest_framework import serializers

from readerstudy.studies import explanations


class DetectorOutput(serializers.Serializer[Any]):
    """What AI this is, and its limits in words."""

    name = serializers.CharField()
    version = serializers.CharField()
    banner = serializers.CharField()


class ProposalOutput(serializers.Serializer[Any]):
    """One lesion the AI puts forward."""

    id = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment] # the contract's name
    centroid_mm = serializers.ListField(child=serializers.FloatField())
    diameter_mm = serializers.FloatField()
    volume_mm3 = serializers.FloatField()
    probability = serializers.FloatField(allow_null=True)  # a vendor may give none
    uncertainty = serializers.FloatField(allow_null=True)
    contours_mm = serializers.ListField(
        child=serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))
    )
    explanation = serializers.CharField(allow_blank=True)
    # Only where the protocol and the level have it; empty where this one's is not known.
    kind = serializers.CharField(allow_blank=True, required=False)
    has_heat_map = serializers.BooleanField()
    has_known_lesions = serializers.BooleanField()


class AiOutput(serializers.Serializer[Any]):
    """Only where the arm has it; mode and state alone where it was not asked for."""

    mode = serializers.ChoiceField(choices=["concurrent", "second_reader", "on_demand"])
    detector = DetectorOutput(required=False)
    state = serializers.ChoiceField(choices=["not_asked", "ready", "not_available"])
    explanations = serializers.ChoiceField(choices=explanations.LEVELS, required=False)
    proposals = ProposalOutput(many=True, required=False)
    decisions = serializers.DictField(child=serializers.CharField(), required=False)


class HeatLevelOutput(serializers.Serializer[Any]):
    """Where a heat map is as strong as this or stronger: closed lines in slices of a series."""

    level = serializers.FloatField()
    contours_mm = serializers.ListField(
        child=serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))
    )


class HeatMapOutput(serializers.Serializer[Any]):
    """What the detector's answer for a proposal rests on, weakest level first."""

    method = serializers.CharField()
    shares = serializers.DictField(child=serializers.FloatField())
    levels = HeatLevelOutput(many=True)


class HeatMapsOutput(serializers.Serializer[Any]):
    """Heat maps by the proposal's id."""

    heat_maps = serializers.DictField(child=HeatMapOutput())


class KnownLesionOutput(serializers.Serializer[Any]):
    """A synthetic lesion of the training bench, or a proposal there that was none ("false")."""

    kind = serializers.CharField()
    diameter_mm = serializers.FloatField()
    png = serializers.CharField()  # base64: T1 with contrast above FLAIR, 36 mm across


class KnownLesionsOutput(serializers.Serializer[Any]):
    """Pictures by number; of each proposal by its id the numbers of those most like it."""

    pictures = serializers.DictField(child=KnownLesionOutput())
    nearest = serializers.DictField(child=serializers.ListField(child=serializers.IntegerField()))
