"""A disk of a few hundred MiB that can be full (fault A7): a tmpfs of a test's own."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Volume:
    """A mounted tmpfs; mounting takes root."""

    folder: Path
    mebibytes: int

    def mount(self) -> bool:
        """Mount it; answers whether this machine lets us."""
        size = f"size={self.mebibytes}m,mode=755"
        command = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(self.folder)]
        return os.geteuid() == 0 and not subprocess.run(
            command, check=False, capture_output=True
        ).returncode  # fmt: skip

    def unmount(self) -> None:
        """Undo it, whoever still has a file open there."""
        subprocess.run(["umount", "-l", str(self.folder)], check=False, capture_output=True)

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"

    def fill(self) -> None:
        """Leave not a byte."""
        block = b"\0" * 65536
        with self._ballast.open("wb", buffering=0) as ballast:
            try:
                while ballast.write(block):
                    pass
            except OSError:
                return

    def free(self) -> None:
        """Give the space back."""
        self._ballast.unlink(missing_ok=True)
