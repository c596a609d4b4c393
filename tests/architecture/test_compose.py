"""docker-compose.yml, which no test can start: each service is one that there is, and guarded."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: each for name, each in SERVICES.items() if each["image"] == "readerstudy"}
ONCE = {"migrate"}  # ends by itself: its status is its health
every_service = pytest.mark.parametrize("name", SERVICES)


@every_service
def test_each_service_says_whether_it_is_well(name: str) -> None:
    if name in ONCE:
        assert SERVICES[name]["restart"] == "no"
        return
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert check["interval"]
    assert SERVICES[name]["restart"] == "unless-stopped"


@every_service
def test_no_service_runs_as_root_or_can_become_it(name: str) -> None:
    service = SERVICES[name]
    assert service["user"].split(":")[0] not in {"", "0", "root"}
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")
    assert "cap_add" not in service


@pytest.mark.parametrize("name", OURS)
def test_our_services_run_commands_that_there_are(name: str) -> None:
    command = str(OURS[name]["command"])
    inner = re.fullmatch(r'sh -c "(.*)"', command)
    for each in (inner[1] if inner else command).split(" && "):
        program, *rest = shlex.split(each)
        if program == "python":
            assert rest[0] == "manage.py"
            assert rest[1] in get_commands()
        else:
            assert shutil.which(program, path=str(ROOT / ".venv/bin")), program
        if program == "celery":
            assert rest[:2] == ["-A", "readerstudy"]
            assert rest[2] in {"worker", "beat"}
        if program == "granian":
            assert rest[-1] == "readerstudy.wsgi:application"


def test_a_pacs_can_send_by_c_store() -> None:
    service = SERVICES["dicom-receiver"]
    _, _, port = str(service["command"]).rpartition(" ")
    (mapping,) = service["ports"]
    assert mapping.endswith(f":{port}:{port}")
    assert mapping.startswith("${DICOM_LISTEN:-127.0.0.1}"), "open to nobody unless asked"
    assert f"'127.0.0.1', {port})" in service["healthcheck"]["test"][-1]
    assert "dicom-receiver" in (ROOT / "docs/deployment.md").read_text()


def test_every_volume_and_dependency_is_there() -> None:
    for service in SERVICES.values():
        named = {each.split(":")[0] for each in service.get("volumes", ())}
        assert {each for each in named if not each.startswith(".")} <= set(COMPOSE["volumes"])
        for mounted in (each for each in named if each.startswith("./docs")):
            assert (ROOT / mounted).exists()
        for other, condition in service.get("depends_on", {}).items():
            assert condition == {"condition": "service_healthy"}
            assert "healthcheck" in SERVICES[other]


SECRETS = (".env", "tls/privkey.pem", "var/secret_key", "var/audit_key")


def test_no_secret_of_a_site_can_be_committed_by_mistake() -> None:
    """Where docs/deployment.md has them put, and where the first start makes them."""
    text = (ROOT / "docs/deployment.md").read_text()
    assert all(f"`{each}`" in text for each in ("tls/privkey.pem", "audit_key", "secret_key"))
    assert "env.example .env`" in text
    for each in SECRETS:
        asked = ["git", "check-ignore", "--no-index", "--quiet", each]
        assert subprocess.run(asked, cwd=ROOT, check=False).returncode == 0, each
    listed = subprocess.run(
        ["git", "ls-files", *SECRETS, "*.pem", "*.key", "*.sqlite3"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert listed.stdout == ""


def copied(stage: str) -> set[str]:
    """What the COPY lines of a Dockerfile's stage take from the checkout."""
    lines = re.findall(r"^COPY (?!--)(.+) \S+$", stage, re.MULTILINE)
    return {each.rstrip("/") for line in lines for each in line.split()}


def test_an_image_is_made_of_nothing_that_was_built_or_kept_here() -> None:
    """`COPY frontend` would put this machine's packages over those that were just installed."""
    left_out = set((ROOT / ".dockerignore").read_text().splitlines())
    assert {each.split("/")[0] for each in SECRETS} <= left_out
    assert {"**/node_modules", "frontend/dist", ".venv"} <= left_out
    sources = copied((ROOT / "Dockerfile").read_text())
    assert {"manage.py", "readerstudy", "analysis", "inference", "frontend"} <= sources
    assert not sources & left_out
    assert all((ROOT / each).exists() for each in sources)


def test_what_the_image_holds_needs_nothing_of_the_rest_of_the_checkout() -> None:
    held = copied((ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2])
    packages = {path.relative_to(ROOT).parts[0] for path in ROOT.glob("[a-z]*/*/__init__.py")}
    rest = packages - held
    assert {"tests", "scripts", "benchmarks"} <= rest
    loaded = re.compile(
        rf"^\s*(?:from|import) (?:{'|'.join(map(re.escape, rest))})\b", re.MULTILINE
    )
    sources = [path for each in held for path in (ROOT / each).rglob("*.py")]
    assert len(sources) > 400
    assert not [str(path) for path in sources if loaded.search(path.read_text())]
