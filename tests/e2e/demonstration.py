"""The demonstration study with chance taken out; runs in the platform's shell.

Which case is dealt first decides what a test of the room meets (one head of four is not oblique,
half have no lesion), and the arm whether proposals are drawn over it: the same in every run.
"""

from types import SimpleNamespace
from unittest import mock

from django.core.management import call_command

from readerstudy.studies.allocation import Allocation

# By it the reader begins with the AI, and with an oblique head that has a lesion.
SEED = f"{7:064x}"


def make(cases: int, training: int) -> None:
    """Migrate and make it, as `make demo` does: codes in order, the allocation of a seed."""
    in_order = SimpleNamespace(choice=lambda free: free[0])
    with (
        mock.patch("readerstudy.studies.services.cases.secrets", in_order),
        mock.patch("readerstudy.studies.randomness.new_seed", return_value=SEED),
    ):
        call_command("make_demo", cases=cases, training=training, at_start=True)


def first_read() -> tuple[str, str]:
    """The arm's mode and the case with which the reader begins, as the allocation has them."""
    rows = Allocation.objects.filter(reader__user__username="reader", period=1)
    row = rows.select_related("arm", "case").order_by("position")[0]
    return row.arm.mode, row.case.code
