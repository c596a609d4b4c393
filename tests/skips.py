"""Under CI no test may be skipped: what would be is a failure, whoever skips it and how.

Hooks of pytest: tests/conftest.py has them.
"""

import os
from collections.abc import Generator

import pytest

IN_CI = os.environ.get("CI", "").lower() not in {"", "0", "false"}

# What may be skipped there all the same: a part of its id, and why it cannot run.
ALLOWED: dict[str, str] = {
    "test_a7_a_full_disk_of_the_database": "mounting a small disk takes a privileged root",
}

Report = pytest.TestReport | pytest.CollectReport


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that skips itself, or is marked `skip` or `skipif`, fails."""
    report = yield
    if not hasattr(report, "wasxfail"):
        refuse(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that skips itself (`importorskip`) fails."""
    report = yield
    refuse(report)
    return report


def refuse(report: Report, *, in_ci: bool = IN_CI) -> None:
    """Turn a skip into a failure that quotes its reason."""
    if not in_ci or report.outcome != "skipped":
        return
    if any(part in report.nodeid for part in ALLOWED):
        return
    words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    report.outcome = "failed"
    report.longrepr = f"{words.removeprefix('Skipped: ')}; CI must run them all"
