"""What changes users and sites, who is signed in, and by which second factor."""

from readerstudy.accounts.services.second_factor import (
    Setup,
    check_code,
    enrol,
    has_second_factor,
    must_have_second_factor,
    remove_second_factor,
    renew_recovery_codes,
    reseal_second_factors,
    reset_second_factor,
    setup,
)
from readerstudy.accounts.services.signing_in import (
    begin_sign_in,
    enrol_and_sign_in,
    finish_sign_in,
    pending_user,
    sign_in,
    sign_out,
)
from readerstudy.accounts.services.users import (
    change_password,
    create_site,
    create_user,
    deactivate,
    reactivate,
    set_language,
    set_profile,
    set_reading_room,
)

__all__ = [
    "Setup",
    "begin_sign_in",
    "change_password",
    "check_code",
    "create_site",
    "create_user",
    "deactivate",
    "enrol",
    "enrol_and_sign_in",
    "finish_sign_in",
    "has_second_factor",
    "must_have_second_factor",
    "pending_user",
    "reactivate",
    "remove_second_factor",
    "renew_recovery_codes",
    "reseal_second_factors",
    "reset_second_factor",
    "set_language",
    "set_profile",
    "set_reading_room",
    "setup",
    "sign_in",
    "sign_out",
]
