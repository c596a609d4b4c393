"""Secrets made at the first run, kept beside the data, never committed."""

import os
import secrets
from pathlib import Path


def first_run_secret(path: Path) -> str:
    """The secret kept at `path`; made, readable by its owner only, when it is not there yet.

    Two processes that start together end with the same secret: the file is made whole under
    another name and linked into place, and the link of the slower one fails.
    """
    if not path.exists():
        part = path.with_name(f"{path.name}.{os.getpid()}")
        part.touch(mode=0o600)
        part.write_text(secrets.token_urlsafe(64))
        try:
            os.link(part, path)
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return path.read_text()
