"""Code on the running platform's data, in one process: Django's own shell loads for two seconds.

`python -m tests.e2e.shell` takes a line of JSON, the code, and answers one: what it printed, and
what stopped it.
"""

import io
import json
import os
import subprocess
import sys
import traceback
from contextlib import redirect_stdout

from scripts.launcher.setup import PYTHON, ROOT


class Shell:
    """A process that keeps Django loaded; started when it is first asked."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def run(self, code: str) -> str:
        """What the code prints."""
        if self._process is None:
            self._process = subprocess.Popen(
                [str(PYTHON), "-m", "tests.e2e.shell"], cwd=ROOT, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(code) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert not answer["error"], answer["error"]
        return str(answer["printed"])

    def stop(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.communicate()
            self._process = None


def _answer(code: str) -> dict[str, str]:
    printed, error = io.StringIO(), ""
    with redirect_stdout(printed):
        try:
            exec(code, {})
        except BaseException:  # noqa: BLE001 -- told to the test
            error = traceback.format_exc()
    return {"printed": printed.getvalue(), "error": error}


def main() -> None:
    """Answer until the input ends."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "readerstudy.settings")
    import django

    django.setup()
    from django.db import close_old_connections

    for line in sys.stdin:
        close_old_connections()
        sys.stdout.write(json.dumps(_answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
