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
    contours_mm = models.JSONField()  # closed polylines per slice of T1c, LPS
    explanation = models.JSONField(default=dict)  # {"short": words, "full": words, features}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "label"], name="proposals_label_once")
        ]
        ordering = ["label"]

    def __str__(self) -> str:
        return self.label
