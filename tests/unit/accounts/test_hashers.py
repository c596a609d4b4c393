"""How passwords are kept, and that what was kept otherwise goes over at the next sign-in."""

from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, check_password

from readerstudy.accounts.hashers import OwaspArgon2


@pytest.fixture(autouse=True)
def _as_in_use(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["readerstudy.accounts.hashers.OwaspArgon2"]


def test_a_password_is_kept_with_the_costs_that_owasp_names() -> None:
    kept = OwaspArgon2().encode("seven grey geese", "salt-of-sixteen-letters")
    assert kept.startswith("argon2$argon2id$v=19$m=47104,t=1,p=1$")
    assert check_password("seven grey geese", kept)
    assert not check_password("seven grey ducks", kept)


def test_a_hash_of_other_costs_still_opens_and_is_made_anew() -> None:
    class Small(Argon2PasswordHasher):
        memory_cost = 1024

    before = Small().encode("seven grey geese", "salt-of-sixteen-letters")
    anew: list[str] = []
    assert check_password("seven grey geese", before, setter=anew.append)
    assert anew == ["seven grey geese"]
