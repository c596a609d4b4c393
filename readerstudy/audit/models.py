"""A link of an append-only chain of entries; and what the nightly verification found."""

from django.db import models


class Entry(models.Model):
    """A change (or a disclosure) and who made it, bound to the entry before it by its hash.

    `chain` is a study's id, or "platform" for what belongs to no study.
    """

    chain = models.CharField(max_length=36)
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=150)  # a username, or "system"; kept when users go
    action = models.CharField(max_length=80)  # "<app>.<verb>", as "studies.lock"
    object = models.CharField(max_length=120)  # "<kind>:<id>"
    detail = models.JSONField(default=dict)  # old and new values, never identifiers of patients
    reason = models.TextField(blank=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["chain", "number"], name="audit_one_entry_per_number")
        ]
        ordering = ["chain", "number"]

    def __str__(self) -> str:
        return f"{self.chain}#{self.number} {self.action}"


class Verification(models.Model):
    """A nightly look at every chain: what was found, against how many anchors."""

    at = models.DateTimeField()
    entries = models.PositiveBigIntegerField()
    anchors = models.PositiveIntegerField()
    breaks = models.JSONField(default=list)  # words, the first hundred
    is_full = models.BooleanField(default=True)  # every entry; else those since the checkpoint
    checkpoint = models.JSONField(null=True, blank=True)  # sealed; none where something was found

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}: {len(self.breaks)} breaks"
