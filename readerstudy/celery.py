"""The Celery application. Jobs are rows in our tables; a message is only a wake-up call."""

import os
from collections.abc import Callable
from typing import Any

from celery import Celery, Task
from celery.schedules import crontab
from django.conf import settings

from readerstudy import queue_on_disk

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "readerstudy.settings")

TIME_LIMIT_SECONDS = 1800  # then the worker's process is killed
SOFT_LIMIT_SECONDS = TIME_LIMIT_SECONDS - 180  # then the task is told, and can still say so
MAIL_SECONDS = 3600
VISIBILITY_SECONDS = 2100  # longer than the hard limit: an unfinished message is not sent twice

app = Celery("readerstudy")


def _transport_options() -> dict[str, Any]:
    """Options of the broker's transport; the broker on disk needs folders, not a server."""
    if not settings.BROKER_URL.startswith(queue_on_disk.SCHEME):
        return {
            "visibility_timeout": VISIBILITY_SECONDS,
            "socket_keepalive": True,
            "health_check_interval": 25,
        }
    folders = {name: settings.QUEUE_DIR / name for name in ("messages", "done", "control")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(folders["messages"]),
        "data_folder_out": str(folders["messages"]),
        "processed_folder": str(folders["done"]),
        "control_folder": str(folders["control"]),
        "store_processed": False,
        "polling_interval": 0.1,  # its default of a second is a second for every message
    }


def configure() -> None:
    """Set the application up from Django's settings."""
    app.conf.update(
        broker_url=settings.BROKER_URL,
        broker_transport_options=_transport_options(),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_channel_error_retry=True,  # a full Redis refuses what a worker writes: it goes on
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_acks_on_failure_or_timeout=True,
        task_time_limit=TIME_LIMIT_SECONDS,
        task_soft_time_limit=SOFT_LIMIT_SECONDS,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_default_queue="cpu",
        # Detectors that need a GPU, or more memory than the others' workers have, are sent to
        # "gpu" by `proposals.services.wake`.
        task_routes={"proposals.run": {"queue": "detectors"}},
        task_create_missing_queues=True,
        worker_prefetch_multiplier=1,
        worker_max_tasks_per_child=500,  # a new child loads torch and its detector anew: seconds
        worker_cancel_long_running_tasks_on_connection_loss=True,
        worker_soft_shutdown_timeout=60,  # where SIGTERM is the soft end: REMAP_SIGTERM=SIGQUIT
        worker_hijack_root_logger=False,
        timezone="UTC",
        beat_schedule={
            name: {
                "task": f"{name}.sweep",
                "schedule": settings.SWEEP_SECONDS,
                "options": {"expires": settings.SWEEP_SECONDS},  # the next one does its work
            }
            for name in ("imaging", "proposals", "results")
        }
        | {
            "audit": {"task": "audit.nightly", "schedule": crontab(hour=2, minute=30)},
            "mails": {
                "task": "desk.sweep",
                "schedule": MAIL_SECONDS,
                "options": {"expires": MAIL_SECONDS},
            },
        },
        beat_schedule_filename=str(settings.VAR_DIR / "beat"),
    )


configure()
app.autodiscover_tasks()


def task(name: str, **options: Any) -> Callable[[Callable[..., Any]], Task]:
    """Register a task under a stable name; ids go in, results are rows."""
    decorator: Callable[[Callable[..., Any]], Task] = app.task(name=name, **options)
    return decorator
