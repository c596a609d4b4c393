"""The concealed allocation: who reads which case in which arm, period and order.

Only `studies.services` (which makes it), `reads` (which opens its rows one by one) and
`results.freeze` may import this module; import-linter holds it. No page or answer lists it
before the study is unblinded (requirement C3).
"""

import uuid

from django.db import models


class AllocationList(models.Model):
    """The one list of a study: its seed stays here, its hash is published at once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.OneToOneField("studies.Study", on_delete=models.PROTECT, related_name="+")
    protocol_version = models.OneToOneField(
        "studies.ProtocolVersion", on_delete=models.PROTECT, related_name="+"
    )
    method = models.CharField(max_length=80)  # name and version of the algorithm
    seed = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)
    inputs = models.JSONField()  # the `randomisation.Plan`: with the seed it makes the rows again
    balance = models.JSONField(default=dict)  # of the randomisation report, after unblinding
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.sha256[:12]


class Allocation(models.Model):
    """One reader x case x arm x period, at its place in that reader's order."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    list = models.ForeignKey(AllocationList, on_delete=models.PROTECT, related_name="rows")
    reader = models.ForeignKey("studies.Reader", on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey("studies.Case", on_delete=models.PROTECT, related_name="+")
    arm = models.ForeignKey("studies.Arm", on_delete=models.PROTECT, related_name="+")
    period = models.PositiveSmallIntegerField()  # 0 is the training block, then 1, 2
    sequence = models.CharField(max_length=2)  # "AB" or "BA" of a crossover; the arm otherwise
    position = models.PositiveIntegerField()  # in the reader's own order, over all periods

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["list", "reader", "case", "arm", "period"], name="studies_allocation_once"
            ),
            models.UniqueConstraint(
                fields=["list", "reader", "position"], name="studies_position_once"
            ),
        ]
        ordering = ["reader", "position"]

    def __str__(self) -> str:
        return str(self.id)
