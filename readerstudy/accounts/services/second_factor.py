"""The second factor: a code of an authenticator app (TOTP, RFC 6238), or a recovery code.

django-otp keeps the devices, refuses a code that was used before and slows down guessing. A user
has one app, whose key is kept sealed, and ten recovery codes that count once each and are kept as
hashes.
"""

import time
from base64 import b32encode
from dataclasses import dataclass

import segno
import structlog
from django.conf import settings
from django.db import transaction
from django.utils.crypto import get_random_string, salted_hmac
from django.utils.translation import gettext as _
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import default_key

from readerstudy.accounts.models import AuthenticatorApp, User
from readerstudy.accounts.sealing import SealedUnderAnotherSecretError, is_up_to_date, seal
from readerstudy.audit.services import record
from readerstudy.web.problems import Invalid, Problem, Refused

RECOVERY_CODES = 10
RECOVERY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without what is mistaken for another
RECOVERY_CHARACTERS = 12  # 59 bits
CODE_DIGITS = 6
NAME = "app"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Setup:
    """What an authenticator app is given: the key, as a picture and as text. Kept nowhere yet."""

    key: str  # hexadecimal
    picture: str  # data URI of an SVG: the QR code of the otpauth address
    text: str  # the key in base 32, in groups of four


def has_second_factor(user: User) -> bool:
    """Whether the user signs in with a code too."""
    return bool(AuthenticatorApp.objects.filter(user=user, confirmed=True).exists())


def must_have_second_factor(user: User) -> bool:
    """Whether the site asks a code of this user: of administrators and coordinators."""
    if not settings.SECOND_FACTOR_REQUIRED:
        return False
    if user.is_staff or user.creates_studies:
        return True
    return bool(user.memberships.filter(role="coordinator").exists())


def setup(user: User, key: str = "") -> Setup:
    """What the user's app is to be given; a new key unless one is going round already."""
    key = key or default_key()
    device = AuthenticatorApp(user=user, key=_sealed(user, key), name=NAME)
    code = segno.make(device.config_url, error="m", micro=False)
    text = _grouped(b32encode(device.bin_key).decode())
    return Setup(key=key, picture=code.svg_data_uri(scale=5, border=3, light="#fff"), text=text)


@transaction.atomic
def enrol(user: User, *, key: str, code: str, by: User) -> list[str]:
    """Take the user's app from now on, as its first code shows that it has the key.

    Returns
    -------
    list of str
        The recovery codes, in clear this once.

    Raises
    ------
    Problem
        403 for another's account, 400 for a code that does not fit, 409 when there is an app.
    """
    _require_own(user, by)
    if has_second_factor(user):
        words = _("A second factor is set up already: turn that off first.")
        raise Problem("accounts.second_factor_there", words)
    totp = TOTP(bytes.fromhex(key))
    totp.time = time.time()
    if not _is_code(code) or not totp.verify(int(_plain(code)), tolerance=1):
        words = _("The code does not fit. Look at the app again; is this machine's clock right?")
        raise Invalid("accounts.wrong_code", words)
    AuthenticatorApp.objects.filter(user=user).delete()
    AuthenticatorApp.objects.create(
        user=user, key=_sealed(user, key), name=NAME, confirmed=True, last_t=totp.t()
    )
    codes = _new_recovery_codes(user)
    record("accounts.enrol_second_factor", subject=f"user:{user.pk}", by=by)
    return codes


def check_code(user: User, code: str) -> None:
    """Take one code of the app, or one recovery code; each counts once.

    Raises
    ------
    Problem
        403 `accounts.wrong_code`; 429 `accounts.wait` after wrong ones, for as long as it says.
    """
    with transaction.atomic():
        fits, wait_s = _verify(user, code)
    if wait_s:
        words = _("Too many wrong codes. Try again in {seconds} s.").format(seconds=wait_s)
        raise Problem("accounts.wait", words, status=429)
    if not fits:
        words = _("The code does not fit. Take the one that the app shows now.")
        raise Refused("accounts.wrong_code", words)


def renew_recovery_codes(user: User, *, password: str, by: User) -> list[str]:
    """Make new recovery codes; the old ones count no more.

    Raises
    ------
    Problem
        403 for another's account or a wrong password, 409 without a second factor.
    """
    _require_own(user, by, password)
    if not has_second_factor(user):
        raise Problem("accounts.no_second_factor", _("There is no second factor to recover."))
    with transaction.atomic():
        codes = _new_recovery_codes(user)
        record("accounts.renew_recovery_codes", subject=f"user:{user.pk}", by=by)
    return codes


def remove_second_factor(user: User, *, password: str, code: str, by: User) -> None:
    """Turn the user's second factor off.

    Raises
    ------
    Problem
        403 for another's account, a wrong password or code; 409 where the site asks for one.
    """
    _require_own(user, by, password)
    if must_have_second_factor(user):
        words = _("This site asks a second factor of you: it cannot be turned off.")
        raise Problem("accounts.second_factor_required", words)
    check_code(user, code)
    _forget(user, "accounts.remove_second_factor", by=by)


def reset_second_factor(user: User, *, reason: str, by: User | None) -> None:
    """Take a second factor away whose owner lost both app and recovery codes.

    Parameters
    ----------
    by : User or None
        An administrator; None is the installation itself (`manage.py reset_second_factor`).

    Raises
    ------
    Problem
        403 for who is no administrator, 400 without a reason.
    """
    if by is not None and not by.is_staff:
        raise Refused("accounts.administrator", "Only an administrator may do this: ask one.")
    if not reason.strip():
        raise Invalid("accounts.reason", "Say why, and how you know who asked for it.")
    _forget(user, "accounts.reset_second_factor", by=by, reason=reason.strip())


def reseal_second_factors(*, by: User | None = None) -> int:
    """Seal every app's key under the platform's present secret, once that was changed.

    Until then those of before must stand in `SECRET_KEY_FALLBACKS`; recovery codes, which are
    kept as hashes, count only while the secret stands there that they were made under.

    Returns
    -------
    int
        How many were sealed anew.

    Raises
    ------
    SealedUnderAnotherSecretError
        When none of the secrets opens one of them; nothing is changed then.
    """
    with transaction.atomic():
        old = [
            app for app in AuthenticatorApp.objects.select_for_update().order_by("pk")
            if not is_up_to_date(app.key, owner=app.user_id)
        ]  # fmt: skip
        for app in old:
            app.key = seal(app.bin_key, owner=app.user_id)
            app.save(update_fields=["key"])
        record("accounts.reseal_second_factors", subject="platform", by=by, detail={"n": len(old)})
    return len(old)


def _sealed(user: User, key: str) -> str:
    """A key in hexadecimal as it is kept."""
    return seal(bytes.fromhex(key), owner=user.pk)


def _forget(user: User, action: str, *, by: User | None, reason: str = "") -> None:
    with transaction.atomic():
        AuthenticatorApp.objects.filter(user=user).delete()
        StaticDevice.objects.filter(user=user).delete()
        record(action, subject=f"user:{user.pk}", by=by, reason=reason)


def _verify(user: User, code: str) -> tuple[bool, int]:
    """Whether the code fits, and how many seconds to wait when none is taken now.

    The device's row is locked: a code that two requests bring at once counts for one of them.
    """
    kind = AuthenticatorApp if _is_code(code) else StaticDevice
    device = kind.objects.select_for_update().filter(user=user, confirmed=True).first()
    if device is None:
        return False, 0
    allowed, why = device.verify_is_allowed()
    if not allowed:
        return False, _seconds_until(why)
    token = _plain(code) if kind is AuthenticatorApp else _kept(code, device)
    try:
        return bool(device.verify_token(token)), 0
    except SealedUnderAnotherSecretError:
        log.exception("second_factor_sealed_under_another_secret", user_id=str(user.pk))
        return False, 0


def _seconds_until(why: dict[str, object] | None) -> int:
    until = (why or {}).get("locked_until")
    return max(1, round(until.timestamp() - time.time())) if hasattr(until, "timestamp") else 1


def _new_recovery_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name=NAME, confirmed=True)
    codes = [_grouped(get_random_string(RECOVERY_CHARACTERS, RECOVERY_ALPHABET))
             for _number in range(RECOVERY_CODES)]  # fmt: skip
    StaticToken.objects.bulk_create(StaticToken(device=device, token=_hash(each)) for each in codes)
    return codes


def _grouped(text: str) -> str:
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _plain(code: str) -> str:
    return "".join(each for each in code.lower() if each.isalnum())


def _is_code(code: str) -> bool:
    plain = _plain(code)
    return len(plain) == CODE_DIGITS and plain.isascii() and plain.isdigit()


def _hash(code: str, secret: str | None = None) -> str:
    """What is kept of a recovery code: 64 bits of a keyed hash; the column holds 16 characters."""
    made = salted_hmac("readerstudy.recovery", _plain(code), secret=secret, algorithm="sha256")
    return made.hexdigest()[:16]


def _kept(code: str, device: StaticDevice) -> str:
    """The code's hash as the device may have it: under the present secret or one of before."""
    hashes = [_hash(code, secret) for secret in (None, *settings.SECRET_KEY_FALLBACKS)]
    found = device.token_set.filter(token__in=hashes).values_list("token", flat=True).first()
    return found or hashes[0]


def _require_own(user: User, by: User, password: str | None = None) -> None:
    if by != user:
        raise Refused("accounts.not_yours", "Everybody sets up their own second factor.")
    if password is not None and not by.check_password(password):
        words = _("The present password is not right. Try again.")
        raise Refused("accounts.wrong_password", words)
