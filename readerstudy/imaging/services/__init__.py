"""What changes images: deliveries, their files, and what an examination adds up to."""

from readerstudy.imaging.services.acceptance import accept_quality
from readerstudy.imaging.services.compressing import compress, compress_due
from readerstudy.imaging.services.datasets import MADE_PREFIX, Beat, register_importer
from readerstudy.imaging.services.datasets import wipe_old as wipe_old_volumes
from readerstudy.imaging.services.defacing import deface, preview
from readerstudy.imaging.services.deidentifying import destroy_key, set_deidentification
from readerstudy.imaging.services.delivering import (
    add_file,
    create_collection,
    import_folder,
    note_known,
    refuse_files,
    start_upload,
    take_folder,
)
from readerstudy.imaging.services.finishing import end_upload, finish_upload, perform, wake_up
from readerstudy.imaging.services.held import discard as discard_held
from readerstudy.imaging.services.held import wipe_old
from readerstudy.imaging.services.outgoing import (
    Sendable,
    add_destination,
    end_destination,
    post,
    send,
    send_again,
    send_due,
)
from readerstudy.imaging.services.packing import make_ready
from readerstudy.imaging.services.parts import (
    append,
    forget,
    offset_of,
    start_part,
    take_what_is_whole,
    wipe_old_parts,
)
from readerstudy.imaging.services.places import Places
from readerstudy.imaging.services.protocols import check_again, set_imaging_protocol, set_role
from readerstudy.imaging.services.releasing import release_held
from readerstudy.imaging.services.senders import CALLED, add_sender, end_sender
from readerstudy.imaging.services.standing import (
    TOGETHER,
    Batch,
    end_quiet,
    standing_tally,
)
from readerstudy.imaging.services.tally import Outcome, Tally

__all__ = [
    "CALLED",
    "MADE_PREFIX",
    "TOGETHER",
    "Batch",
    "Beat",
    "Outcome",
    "Places",
    "Sendable",
    "Tally",
    "accept_quality",
    "add_destination",
    "add_file",
    "add_sender",
    "append",
    "check_again",
    "compress",
    "compress_due",
    "create_collection",
    "deface",
    "destroy_key",
    "discard_held",
    "end_destination",
    "end_quiet",
    "end_sender",
    "end_upload",
    "finish_upload",
    "forget",
    "import_folder",
    "make_ready",
    "note_known",
    "offset_of",
    "perform",
    "post",
    "preview",
    "refuse_files",
    "register_importer",
    "release_held",
    "send",
    "send_again",
    "send_due",
    "set_deidentification",
    "set_imaging_protocol",
    "set_role",
    "standing_tally",
    "start_part",
    "start_upload",
    "take_folder",
    "take_what_is_whole",
    "wake_up",
    "wipe_old",
    "wipe_old_parts",
    "wipe_old_volumes",
]
