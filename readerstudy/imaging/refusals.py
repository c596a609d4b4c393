"""The fixed set of reasons for which intake refuses a file, in words for the uploader. Pure."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a file was refused."""

    NOT_DICOM = "It is not a DICOM file."
    TRUNCATED = "The file is cut short or damaged."
    TOO_DEEP = "Its sequences are nested too deeply."
    DEFLATED = "Deflated transfer syntax is not taken: store it uncompressed and send it again."
    TRANSFER_SYNTAX = "Its transfer syntax cannot be decoded here."
    NOT_AN_IMAGE = "It is not an MR or CT image (SOP class)."
    COLOUR = "It is a colour image; series to read are greyscale."
    BURNED_IN = "Text may be burned into its pixels (secondary capture or BurnedInAnnotation)."
    SIZES = "Its pixel data do not have the size that rows, columns and frames say."
    DAMAGED_PIXELS = "Its compressed pixel data cannot be decoded."
    NO_PIXELS = "It has no pixel data."
    NO_GEOMETRY = "It has no position or orientation in the patient."
    NO_IDENTITY = "It lacks a study, series or SOP instance UID."
    TOO_LARGE = "The file is larger than intake takes."
    HUNG = "It could not be read in time or within the memory allowed."
    ALTERED = "An instance of this UID but with other content is stored already."
    SEALED = "Its examination belongs to a study that is locked: it takes no more images."
    ARCHIVE = "The archive is not safe to unpack (size, ratio, count or names)."
    NO_SPACE = "The disk is full. What was stored stays; send the rest later."


class RefusedFile(Exception):
    """A file that intake does not take; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason
