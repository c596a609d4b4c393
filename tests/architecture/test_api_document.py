"""openapi.json is what the code says, and the browser's types are what openapi.json says."""

import json
import subprocess
from pathlib import Path
from typing import Any

from drf_spectacular.generators import SchemaGenerator

ROOT = Path(__file__).resolve().parents[2]


def test_openapi_json_is_not_out_of_date() -> None:
    generator: Any = SchemaGenerator  # it has no types
    made = generator().get_schema(request=None, public=True)
    assert json.loads(json.dumps(made)) == json.loads((ROOT / "openapi.json").read_text()), (
        "run `make openapi` and commit what it writes"
    )


def test_typescript_types_are_not_out_of_date(tmp_path: Path) -> None:
    made = tmp_path / "schema.d.ts"
    tool = ROOT / "frontend" / "node_modules" / ".bin" / "openapi-typescript"
    subprocess.run(
        [str(tool), str(ROOT / "openapi.json"), "--immutable", "-o", str(made)],
        check=True,
        capture_output=True,
        cwd=ROOT / "frontend",
    )
    kept = ROOT / "frontend" / "src" / "api" / "schema.d.ts"
    assert made.read_text() == kept.read_text(), "run `make openapi` and commit what it writes"
