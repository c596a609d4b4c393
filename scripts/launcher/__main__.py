"""`python3 -m scripts.launcher demo|demo-reset|setup|test`: what the Makefile calls."""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable

from scripts.launcher import children, tests, tools
from scripts.launcher.memory import Peak
from scripts.launcher.progress import Failed, say
from scripts.launcher.serve import Platform
from scripts.launcher.setup import manage, set_up, static_files, var_dir

WORTH_SAYING_SECONDS = 60  # a later start is up in a few


def demo(port: int) -> int:
    """Set up, make the demonstration study unless it is there, and run the platform."""
    tools.check_port(port)
    begun = time.monotonic()
    with Peak() as peak:
        set_up()
        static_files()
        manage("make_demo", "--at-start", quiet=False)
    if (seconds := time.monotonic() - begun) > WORTH_SAYING_SECONDS:
        minutes, left = divmod(round(seconds), 60)
        memory = f" with at most {peak.gib:.1f} GiB of memory" if peak.gib else ""
        say(f"Made in {minutes}:{left:02d} minutes{memory}.")
    platform = Platform(port)
    try:
        platform.start()
        manage("show_demo", "--port", str(port), quiet=False)
        say("\nCtrl-C stops everything.")
        platform.watch()
    except KeyboardInterrupt:
        pass
    finally:
        platform.stop()
    say("Stopped.")
    return 0


def demo_reset() -> int:
    """Forget the demonstration study and all that users entered; caches are kept."""
    for path in var_dir().glob("*"):
        if path.name == "cache":
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    say("The demonstration is gone; `make demo` makes a new one.")
    return 0


def setup() -> int:
    """Set up for development."""
    set_up(tests=True)
    return 0


def main() -> int:
    """Run one command; a refusal is one clear line."""
    children.interruptible()
    parser = argparse.ArgumentParser(prog="scripts.launcher")
    parser.add_argument("command", choices=["demo", "demo-reset", "setup", "test"])
    parser.add_argument("--port", default=os.environ.get("PORT") or "8000")
    arguments, rest = parser.parse_known_args()
    commands: dict[str, Callable[[], int]] = {
        "demo": lambda: demo(tools.port_of(arguments.port)),
        "demo-reset": demo_reset,
        "setup": setup,
        "test": lambda: tests.run(rest),
    }
    try:
        return commands[arguments.command]()
    except Failed as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"\n{' '.join(map(str, error.cmd))} failed; its words are above.", file=sys.stderr)
        return 1
    except OSError as error:  # of the machine: a full disk, a folder that is not ours
        where = f": {error.filename}" if error.filename else ""
        print(f"\n{error.strerror or error}{where}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("Stopped.")
        return 130


sys.exit(main())
