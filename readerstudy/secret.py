"""Secrets made at the first run, kept beside the data, never committed."""

import os
import secrets
import tempfile
from pathlib import Path


def first_run_secret(path: Path) -> str:
    """The secret kept at `path`; made, readable by its owner only, when it is not there yet.

    Two processes that start together end with the same secret: the file is made whole under
    another name and linked into place, and the link of the slower one fails. That name is nobody
    else's: processes of two containers that share the folder can have the same number.
    """
    if not path.exists():
        handle, part = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # 0600
        try:
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(64))
            os.link(part, path)
        except FileExistsError:
            pass
        finally:
            Path(part).unlink()
    return path.read_text()
