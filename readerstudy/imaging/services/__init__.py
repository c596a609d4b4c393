"""What changes images: deliveries, their files, and what an examination adds up to."""

from readerstudy.imaging.services.acceptance import accept_quality
from readerstudy.imaging.services.delivering import (
    add_file,
    create_collection,
    import_folder,
    start_upload,
)
from readerstudy.imaging.services.finishing import end_upload, finish_upload, perform, wake_up

__all__ = [
    "accept_quality",
    "add_file",
    "create_collection",
    "end_upload",
    "finish_upload",
    "import_folder",
    "perform",
    "start_upload",
    "wake_up",
]
