"""Which notices went out by mail, so that none goes twice."""

from django.db import models

from readerstudy.studies.models import Study


class MailedNotice(models.Model):
    """A notice that was mailed and still holds."""

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "key"], name="desk_notice_mailed_once")
        ]

    def __str__(self) -> str:
        return self.key
