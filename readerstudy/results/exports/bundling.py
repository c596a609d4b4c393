"""The export bundle (S1): data, protocol, numbers, figures, scripts, checksums."""

import io
import zipfile

from readerstudy.audit.services import canonical
from readerstudy.results import store
from readerstudy.results.exports import scripts
from readerstudy.results.models import AnalysisRun
from readerstudy.results.tables import digest, manifest

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time of a ZIP member: no clock in the bytes


def bundle(run: AnalysisRun) -> bytes:
    """One ZIP archive of a finished run, byte-identical each time.

    Raises
    ------
    Problem
        When the frozen data or the results were altered.
    """
    from readerstudy.results import bridge  # statistics are loaded when they are needed

    frozen = store.read(store.freeze_folder(run.freeze_id), run.freeze.sha256)
    results = store.read_all(store.run_folder(run.id) / str(run.fence))
    files = {f"data/{name}": data for name, data in frozen.items()}
    files |= {f"results/{name}": data for name, data in results.items()}
    files |= {f"data/{name}": data for name, data in bridge.formats(frozen).items()}
    files["results/numbers.json"] = canonical(run.numbers)
    files["recompute.py"] = scripts.PYTHON.encode()
    files["recompute.R"] = scripts.R.encode()
    files["README.md"] = scripts.readme(run).encode()
    sums = manifest(files)
    files["SHA256SUMS"] = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode()
    files["DIGEST"] = f"{digest(sums)}\n".encode()
    return _zip(files)


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name])
    return out.getvalue()
