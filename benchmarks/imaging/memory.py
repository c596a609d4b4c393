"""The most memory that intake holds, of 100 and of 1,000 files of one examination.

    python -m benchmarks.imaging.memory [--files 100 1000] [--side 256]

Each count is taken in by a process of its own, from the first file to the pack: the peak of that
process and of its sandbox, in MB. It should not grow with the examination.
"""

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

from benchmarks.imaging import peers

TAKE_IN = """
import json
from pathlib import Path
import numpy as np
from readerstudy.imaging import sandbox, services
from readerstudy.imaging.models import Series
from tests import dicom
count, side, folder = {count}, {side}, Path({folder!r})
pixels = np.random.default_rng(1).integers(0, 900, (side, side)).astype(np.uint16)
for number in range(1, count + 1):
    made = dicom.image(number=number, position=(0.0, 0.0, float(number)), pixels=pixels)
    dicom.save(made, folder / f"{{number}}.dcm")
def peak(process):  # getrusage's of a child counts the memory of who began it
    status = Path(f"/proc/{{process}}/status").read_text().splitlines()
    (line,) = [each for each in status if each.startswith("VmHWM")]
    return round(int(line.split()[1]) / 1024, 1)
before = peak("self")
done = services.import_folder(folder, collection=services.create_collection(name="one"), by=None)
assert done.stored == count and Series.objects.get().pack_sha256
child = sandbox.shared._child
print(json.dumps(dict(files=count, before_mb=before, process_mb=peak("self"),
                      sandbox_mb=peak(child.pid))))
"""


def taken_in(count: int, side: int, folder: Path) -> dict[str, float]:
    """The peaks of one intake on a platform of its own."""
    (folder / "source").mkdir(parents=True)
    env = os.environ | {"READERSTUDY_VAR": str(folder / "var"), "PYTHONPATH": str(peers.ROOT)}
    python = str(peers.ROOT / ".venv/bin/python")
    migrate = [python, "manage.py", "migrate", "--no-input", "-v0"]
    subprocess.run(migrate, cwd=peers.ROOT, env=env, check=True)
    code = TAKE_IN.format(count=count, side=side, folder=str(folder / "source"))
    done = subprocess.run(
        [python, "manage.py", "shell", "-v0", "-c", code],
        cwd=peers.ROOT, env=env, check=True, capture_output=True, text=True,
    )  # fmt: skip
    told: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--side", type=int, default=256, help="rows and columns of a slice")
    asked = parser.parse_args()
    for count in asked.files:
        with tempfile.TemporaryDirectory() as name:
            print(json.dumps(taken_in(count, asked.side, Path(name))), flush=True)


if __name__ == "__main__":
    main()
