"""Runs modules of this package on one platform's data; run as a module itself.

Each runs in a child of this process, which has set Django up once: a process of its own would take
over a second for it every time. Prints its port; ends when its input is closed.
"""

import io
import json
import runpy
import select
import socketserver
import sys
import traceback
from contextlib import redirect_stdout

import django

django.setup()

# What the modules import is imported once.
from tests.faults import act, enqueue, examine, runs, wake  # noqa: E402, F401 -- once Django is set up


class _Asked(socketserver.StreamRequestHandler):
    """A line of JSON: a module's name and its arguments. Answers what was printed, what failed."""

    def handle(self) -> None:
        module, *arguments = json.loads(self.rfile.readline())
        name, problem = f"tests.faults.{module}", ""
        sys.argv = [module, *arguments]
        sys.modules.pop(name, None)  # it is run, not imported
        with redirect_stdout(io.StringIO()) as printed:
            try:
                runpy.run_module(name, run_name="__main__")
            except BaseException:  # noqa: BLE001 -- told to whoever asked
                problem = traceback.format_exc()
        answer = {"printed": printed.getvalue(), "problem": problem}
        self.wfile.write(json.dumps(answer).encode())


class _Server(socketserver.ForkingMixIn, socketserver.TCPServer):
    """Children do not wait for each other: what is asked may be asked at once."""


if __name__ == "__main__":
    with _Server(("127.0.0.1", 0), _Asked) as server:
        print(server.server_address[1], flush=True)  # noqa: T201 -- its output is its answer
        while sys.stdin not in select.select([server, sys.stdin], [], [])[0]:
            server.handle_request()
