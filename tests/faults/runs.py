"""Say what became of every run, as JSON. Run as a module."""

import json

import django

django.setup()

from readerstudy.celery import app  # noqa: E402 -- Django must be set up first
from readerstudy.proposals import services  # noqa: E402
from readerstudy.proposals.lesions import ProposedLesion  # noqa: E402
from readerstudy.proposals.models import Run  # noqa: E402

if __name__ == "__main__":
    app.send_task = lambda *_args, **_more: None
    answer = {
        "woken": services.wake_up(),
        "runs": {
            str(run.pk): {
                "state": run.state,
                "attempt": run.attempt,
                "fence": run.fence,
                "results": ProposedLesion.objects.filter(run=run).count(),
            }
            for run in Run.objects.all()
        },
    }
    print(json.dumps(answer))  # noqa: T201 -- its output is its answer
