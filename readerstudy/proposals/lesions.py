"""What detectors put forward: a vault. Only `reads.disclosure` and `results.freeze` import it."""

import uuid

from django.db import models


class ProposedLesion(models.Model):
    """One lesion the AI puts forward for an examination."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey("proposals.Run", on_delete=models.PROTECT, related_name="+")
    label = models.CharField(max_length=3)  # "A", "B", by falling probability
    centroid_mm = models.JSONField()  # [x, y, z], LPS
    diameter_mm = models.FloatField()
    volume_mm3 = models.FloatField()
    probability = models.FloatField(null=True)  # a vendor may give none
    uncertainty = models.FloatField(null=True)
    contours_mm = models.JSONField()  # closed polylines in slices of the series `grid_role`, LPS
    explanation = models.JSONField(default=dict)  # {"short": words, "full": words, features}
    # What kind of lesion it may be: {"head", "sha256", "probabilities", words of each level}; empty
    # where the head was not asked, or does not answer of such a lesion.
    classification = models.JSONField(default=dict)
    has_heat_map = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "label"], name="proposals_label_once")
        ]
        ordering = ["label"]

    def __str__(self) -> str:
        return self.label


class ProposalHeatMap(models.Model):
    """What a detector's answer for a lesion rests on, as lines of equal strength."""

    lesion = models.OneToOneField(
        ProposedLesion, primary_key=True, on_delete=models.PROTECT, related_name="+"
    )
    method = models.CharField(max_length=120)
    shares = models.JSONField(default=dict)  # role of a series -> its part of the whole, 0-1
    levels = models.JSONField()  # [{"level": 0-1, "contours_mm": closed polylines, LPS}], rising

    def __str__(self) -> str:
        return f"heat map of {self.lesion_id}"
