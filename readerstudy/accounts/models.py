"""Users and sites."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from readerstudy.accounts.sealing import unseal


class Experience(models.TextChoices):
    """How experienced a reader is; a stratum of randomisation."""

    RESIDENT = "resident", _("Resident")
    GENERAL = "general", _("General radiologist")
    NEURORADIOLOGIST = "neuroradiologist", _("Neuroradiologist")


class Site(models.Model):
    """An institution that takes part."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120, unique=True)
    city = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A person who signs in. What they may do in a study is their `studies.Membership`.

    `is_staff` marks an administrator of the platform; `creates_studies` a coordinator.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    display_name = models.CharField(max_length=120)
    site = models.ForeignKey(
        Site, null=True, blank=True, on_delete=models.PROTECT, related_name="users"
    )
    experience = models.CharField(max_length=20, choices=Experience, blank=True)
    experience_years = models.PositiveSmallIntegerField(null=True, blank=True)
    creates_studies = models.BooleanField(default=False)
    deactivated_at = models.DateTimeField(null=True, blank=True)  # while not `is_active`
    is_simulated = models.BooleanField(default=False)  # an observer model, never a person
    theme = models.CharField(
        max_length=5, default="dark", choices=[("dark", "Dark"), ("light", "Light")]
    )
    # The reading room's own keys and whether its tour was seen (`accounts.reading_room`).
    reading_room = models.JSONField(default=dict, blank=True)
    language = models.CharField(max_length=7, blank=True)  # of settings; empty: the browser's
    # One name, as the person writes it; None is Django's way to drop a field.
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]

    class Meta:
        ordering = ["username"]

    def __str__(self) -> str:
        return self.display_name or self.username


class AuthenticatorApp(TOTPDevice):  # type: ignore[misc]  # django-otp has no types
    """A user's authenticator app: django-otp's device, its key sealed (`accounts.sealing`)."""

    class Meta:
        proxy = True

    @property
    def bin_key(self) -> bytes:
        """The key of this owner, opened.

        Raises
        ------
        SealedUnderAnotherSecretError
            When the platform's secret is not the one it was sealed under.
        """
        return unseal(self.key, owner=self.user_id)
