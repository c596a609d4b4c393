"""Whether the tools that we stand on are there and new enough, and the port is free."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.launcher import OLDEST_PYTHON, children
from scripts.launcher.progress import Failed, say

OLDEST_NODE = (20, 19)  # or 22.12: what Vite needs
NGINX_JS = Path("/usr/lib/nginx/modules/ngx_http_js_module.so")  # Debian's libnginx-mod-http-js
# A browser on a machine without a graphics processor: WebGL in software; nothing of its own calls.
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    # Pages are painted and put together without WebGL's slow software, as browsers do where there
    # is no graphics processor; Debian's own flags ask otherwise. It was half of the browser's time.
    "--disable-gpu-rasterization",
    "--disable-gpu-compositing",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # A new window of the browser fades in for a quarter of a second, sixty pictures a second, which
    # without a graphics processor takes most of a core from the page that it opens with.
    "--animation-duration-scale=0",
    # Each new window made two hidden pages for its address bar: 155 requests, half a second of
    # processor time. Of two such lists a browser takes the last: the others are Playwright's own.
    (
        "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,"
        "AimEnabled,AvoidCorsURLLoaderRestartOnRedirect,AvoidUnnecessaryBeforeUnloadCheckSync,"
        "DestroyProfileOnBrowserClose,HttpsFirstBalancedModeAutoEnable,HttpsUpgrades,LensOverlay,"
        "MediaRouter,NetworkTimeServiceQuerying,OptimizationHints,PaintHolding,PreconnectToSearch,"
        "ThirdPartyStoragePartitioning"
    ),
)


def _version(command: list[str]) -> tuple[int, ...]:
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+)\.(\d+)", text)
    return tuple(int(part) for part in found.groups()) if found else (0, 0)


def check_python() -> None:
    """Python is new enough and can make a virtual environment."""
    if sys.version_info < OLDEST_PYTHON:
        have = ".".join(map(str, sys.version_info[:2]))
        raise Failed(
            f"Python {have} is too old: install Python 3.11 or newer (apt install python3)."
        )
    try:
        import ensurepip  # noqa: F401 -- Debian leaves it out of python3
        import venv  # noqa: F401
    except ImportError:
        raise Failed("Python's venv is missing: apt install python3-venv.") from None


def check_node() -> None:
    """Node and npm are there and new enough."""
    for tool in ("node", "npm"):
        if not shutil.which(tool):
            raise Failed(f"{tool} is missing: install Node 20.19 or newer (nodejs.org), with npm.")
    have = _version(["node", "--version"])
    if have < OLDEST_NODE or (21, 0) <= have < (22, 12):
        words = "install Node 20.19 or newer (of Node 22, 22.12 or newer)"
        raise Failed(f"Node {'.'.join(map(str, have))} is too old: {words}.")


def port_of(text: str) -> int:
    """The port that somebody typed."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 2**16:
        words = "give one from 1 to 65535, as `make demo PORT=8000`"
        raise Failed(f"{text} is no port: {words}.")
    return int(text)


def check_port(port: int) -> None:
    """Nobody listens on it yet."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            words = "use one above 1023, as `make demo PORT=8000`"
            raise Failed(f"Port {port} is for root only: {words}.") from None
        except OSError:
            raise Failed(
                f"Port {port} is taken: stop what runs there, or use `make demo PORT={port + 1}`."
            ) from None


def find_chromium() -> str | None:
    """The path of the system's Chromium or Chrome, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


def may_install() -> bool:
    """Whether Debian's packages can be installed without asking anybody."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(packages: list[str]) -> None:
    """Install Debian packages.

    Raises
    ------
    Failed
        When apt-get does.
    """
    say(f"  installing {' '.join(packages)} (apt-get)")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", *packages]):
        with tempfile.TemporaryFile() as said:
            command = ["apt-get", *arguments]
            if children.run(command, check=False, env=env, stdout=said, stderr=said):
                said.seek(0)
                words = said.read().decode(errors="replace").strip()[-500:]
                raise Failed(f"apt-get {arguments[0]} failed: {words}")


def check_chromium() -> str:
    """Chromium for the browser tests: the system's, Debian's, or a clear refusal."""
    if not find_chromium() and may_install():
        apt_install(["chromium"])
    if path := find_chromium():
        return path
    raise Failed("The browser tests need Chromium: apt install chromium, then `make test` again.")
