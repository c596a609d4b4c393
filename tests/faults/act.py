"""What a coordinator does while readers read, run as a module.

Arguments: `halt`, `resume`, `withdraw USERNAME`, or `anchor FOLDER`, which answers the file.
"""

import sys
from pathlib import Path

import django

django.setup()

from readerstudy.accounts.models import User  # noqa: E402 -- Django must be set up first
from readerstudy.audit import anchoring  # noqa: E402
from readerstudy.studies import services  # noqa: E402
from readerstudy.studies.models import Study  # noqa: E402

REASON = "a fault test"

if __name__ == "__main__":
    done: object = "done"
    study, cora = Study.objects.get(), User.objects.get(username="cora")
    match sys.argv[1:]:
        case ["halt"]:
            services.halt(study, reason=REASON, by=cora)
        case ["resume"]:
            services.resume(study, reason=REASON, by=cora)
        case ["withdraw", username]:
            reader = study.readers.get(user__username=username)
            services.withdraw_reader(reader, reason=REASON, by=cora)
        case ["anchor", folder]:
            done = Path(folder) / "anchor.json"
            done.write_text(anchoring.as_text(anchoring.anchor(by=None)), encoding="utf-8")
        case unknown:
            raise SystemExit(f"no such act: {unknown}")
    print(done)  # noqa: T201 -- its output is its answer
