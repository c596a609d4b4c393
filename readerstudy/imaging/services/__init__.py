"""What changes images: deliveries, their files, and what an examination adds up to."""

from readerstudy.imaging.services.acceptance import accept_quality
from readerstudy.imaging.services.delivering import (
    Outcome,
    add_file,
    create_collection,
    import_folder,
    start_upload,
)
from readerstudy.imaging.services.finishing import end_upload, finish_upload, perform, wake_up
from readerstudy.imaging.services.senders import CALLED, add_sender, end_sender

__all__ = [
    "CALLED",
    "Outcome",
    "accept_quality",
    "add_file",
    "add_sender",
    "create_collection",
    "end_sender",
    "end_upload",
    "finish_upload",
    "import_folder",
    "perform",
    "start_upload",
    "wake_up",
]
