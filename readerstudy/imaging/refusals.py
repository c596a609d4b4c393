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
    HELD = "Its pixels may show text: it waits until a person has looked and releases it."
    DEFACED = "Its series is defaced already and takes no more images: send it whole, anew."
    NO_KEY = "The key that replaces identifiers was destroyed: no more images are taken."
    SIZES = "Its pixel data do not have the size that rows, columns and frames say."
    DAMAGED_PIXELS = "Its compressed pixel data cannot be decoded."
    NO_PIXELS = "It has no pixel data."
    NO_GEOMETRY = "It has no position or orientation in the patient."
    NO_IDENTITY = "It lacks a study, series or SOP instance UID."
    TOO_LARGE = "The file is larger than intake takes."
    HUNG = "It could not be read in time or within the memory allowed."
    ALTERED = "An instance of this UID but with other content is stored already."
    SEALED = "Its examination belongs to a study that is locked: it takes no more images."
    OTHER_STUDY = "It belongs to another study than the address it was sent to."
    NO_LAYOUT = "It is no volume or mask in the folders of a data set that is known here."
    NO_STUDY = "There is no study here in which a NIfTI volume could become a case."
    ARCHIVE = "The archive is not safe to unpack (size, ratio, count, names or way of packing)."
    NO_SPACE = "The disk is full. What was stored stays; send the rest later."


class RefusedFile(Exception):
    """A file that intake does not take; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason


# By what other programs are told: Failure Reasons of PS3.18 I.2-2, C-STORE statuses of PS3.4 B.2.3.
_OUT_OF_RESOURCES, _NOT_AS_CLASS, _NOT_UNDERSTOOD = 0xA700, 0xA900, 0xC000
_CLASS_NOT_SUPPORTED, _SYNTAX_NOT_SUPPORTED, _FAILURE = 0x0122, 0xC122, 0x0110
_FAILURES = {
    Reason.NO_SPACE: _OUT_OF_RESOURCES,
    Reason.TOO_LARGE: _OUT_OF_RESOURCES,
    Reason.HUNG: _FAILURE,
    Reason.SEALED: 0x0124,  # not authorised
    Reason.DEFACED: 0x0124,
    Reason.NO_KEY: 0x0124,
    Reason.ALTERED: 0x0111,  # duplicate SOP instance
    Reason.NOT_AN_IMAGE: _CLASS_NOT_SUPPORTED,
    Reason.DEFLATED: _SYNTAX_NOT_SUPPORTED,
    Reason.TRANSFER_SYNTAX: _SYNTAX_NOT_SUPPORTED,
    Reason.NO_IDENTITY: _NOT_AS_CLASS,
    Reason.NO_GEOMETRY: _NOT_AS_CLASS,
    Reason.NO_PIXELS: _NOT_AS_CLASS,
    Reason.OTHER_STUDY: _NOT_AS_CLASS,
}


def failure(reason: Reason) -> int:
    """The number by which other programs know a refusal."""
    return _FAILURES.get(reason, _NOT_UNDERSTOOD)
