"""The peers: OHIF as published, Cornerstone's bare viewports, the web server before them."""

import gzip
import json
import os
import shutil
import subprocess
import tarfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.imaging.peers import ROOT, free_port, running

OHIF = "@ohif/app@3.13.2"
PACKED = (".js", ".css", ".wasm", ".html", ".json", ".svg")
# What OHIF is told: one data source beside it, and all series of the study fetched ahead, as a
# reader who goes through them wants it.
CONFIG = """window.config = {
  routerBasename: null, extensions: [], modes: [], customizationService: {}, showStudyList: true,
  maxNumberOfWebWorkers: 3, showWarningMessageForCrossOrigin: false, showCPUFallbackMessage: false,
  showLoadingIndicator: true, strictZSpacingForVolumeViewport: true, groupEnabledModesFirst: true,
  investigationalUseDialog: { option: 'never' },
  maxNumRequests: { interaction: 100, thumbnail: 5, prefetch: 25 },
  studyPrefetcher: { enabled: true, displaySetsCount: 4, maxNumPrefetchRequests: 20,
    order: 'closest' },
  defaultDataSourceName: 'd',
  dataSources: [{ namespace: '@ohif/extension-default.dataSourcesModule.dicomweb', sourceName: 'd',
    configuration: { friendlyName: 'd', name: 'd', wadoUriRoot: location.origin + '/dicom-web',
      qidoRoot: location.origin + '/dicom-web', wadoRoot: location.origin + '/dicom-web',
      qidoSupportsIncludeField: false, imageRendering: 'wadors', thumbnailRendering: 'wadors',
      enableStudyLazyLoad: true, supportsFuzzyMatching: false, supportsWildcard: false,
      omitQuotationForMultipartRequest: true, bulkDataURI: { enabled: false } } }],
};
"""


@dataclass(frozen=True)
class Source:
    """A DICOMweb server that OHIF reads from."""

    port: int
    path: str
    header: str = ""


def ohif(cache: Path) -> Path:
    """OHIF as its makers publish it, precompressed; fetched once, into a folder of the cache."""
    folder = cache / OHIF.replace("/", "-")
    if (folder / "done").exists():
        return folder / "package" / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run(["npm", "pack", OHIF, "--silent"], cwd=folder, check=True, capture_output=True)
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    archive.unlink()
    dist = folder / "package" / "dist"
    (dist / "app-config.js").write_text(CONFIG)
    for path in dist.rglob("*"):
        if path.suffix == ".map":
            path.unlink()
        elif path.suffix in PACKED:
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 9))
    (folder / "done").touch()
    return dist


def bare(folder: Path) -> Path:
    """Cornerstone's stack viewports and nothing else, built from the room's own packages."""
    frontend = ROOT / "frontend"
    subprocess.run(
        ["npx", "vite", "build", "--config", "dev/bare/vite.config.ts", "--outDir", str(folder)],
        cwd=frontend, check=True, capture_output=True,
    )  # fmt: skip
    return folder


def _site(port: int, root: Path, locations: str) -> str:
    return (
        f"server {{ listen 127.0.0.1:{port}; root {root}; {locations}\n"
        "location / { try_files $uri /index.html; } }\n"
    )


def _dicomweb(source: Source) -> str:
    header = f'proxy_set_header Authorization "{source.header}";' if source.header else ""
    return (
        f"location /dicom-web/ {{ proxy_pass http://to{source.port}{source.path}; {header}\n"
        'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffers 64 64k;\n'
        "proxy_set_header Host 127.0.0.1; }"
    )


@contextmanager
def front(
    folder: Path, dist: Path, sources: dict[str, Source], bare_page: Path, ours: int
) -> Iterator[dict[str, int]]:
    """One nginx: OHIF before each DICOMweb server, and the bare page beside our packs.

    Yields
    ------
    dict
        The port of each source's OHIF, and of `bare`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ports = {name: free_port() for name in [*sources, "bare"]}
    upstreams = {each.port for each in sources.values()} | {ours}
    packs = (
        f"location /imaging/ {{ proxy_pass http://to{ours}; proxy_http_version 1.1;"
        ' proxy_set_header Connection ""; proxy_set_header Host 127.0.0.1; }'
    )
    config = (
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log error;\n"
        "user root; worker_processes 1; events {}\n"  # else root's folder is closed to it
        "http { access_log off; sendfile on; gzip_static on; keepalive_requests 1000000;\n"
        "types { text/html html; text/css css; text/javascript js; application/wasm wasm;"
        " application/json json; image/svg+xml svg; image/png png; }\n"
        f"client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;\n"
        f"fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;\n"
        + "".join(
            f"upstream to{port} {{ server 127.0.0.1:{port}; keepalive 32; }}\n"
            for port in sorted(upstreams)
        )
        + "".join(_site(ports[name], dist, _dicomweb(each)) for name, each in sources.items())
        + _site(ports["bare"], bare_page, packs)
        + "}\n"
    )
    path = folder / "nginx.conf"
    path.write_text(config)
    with running(["nginx", "-c", str(path)], ports["bare"], "/", dict(os.environ)):
        yield ports


def send_to_orthanc(port: int, files: Path) -> str:
    """Store DICOM files in Orthanc; answers the Study Instance UID."""
    for path in sorted(files.glob("*.dcm")):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/instances", data=path.read_bytes(), method="POST"
        )
        urllib.request.urlopen(request, timeout=60).close()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/studies?expand", timeout=60) as answer:
        (study,) = json.load(answer)
    return str(study["MainDicomTags"]["StudyInstanceUID"])
