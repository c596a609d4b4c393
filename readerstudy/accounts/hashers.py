"""How passwords are kept: Argon2id with the costs that OWASP's password storage sheet names."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class OwaspArgon2(Argon2PasswordHasher):
    """46 MiB, one pass, one lane; Django's own asks for 100 MiB, two passes, eight lanes.

    A signature asks for the password too: what a hash costs is what every signed read costs, and
    eight lanes take both cores from readers whose events are on their way (decision 0020).
    """

    time_cost = 1
    memory_cost = 47_104  # KiB
    parallelism = 1
