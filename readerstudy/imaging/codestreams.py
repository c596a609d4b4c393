"""What a compressed frame says of its own size, before a codec believes it (fault E5). Pure."""

import struct

_J2K = b"\xff\x4f\xff\x51"  # SOC, SIZ (ISO 15444-1 A.4, A.5.1)
_JP2 = b"\0\0\0\x0cjP  "
_BOXES = 4096  # the codestream begins within the first boxes
_SIZ = struct.Struct(">4I")  # Xsiz, Ysiz, XOsiz, YOsiz
_FRAME = struct.Struct(">BHH")  # precision, lines, samples a line (ISO 10918-1 B.2.2)
_SEGMENT = struct.Struct(">H")
_START, _ESCAPE, _SCAN = b"\xff\xd8", 0xFF, 0xDA
_ALONE = frozenset([0x01, *range(0xD0, 0xD9)])  # markers without a length
# Start of frame, JPEG and JPEG-LS; C4, C8 and CC are other things.
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}


def size_of(stream: bytes) -> tuple[int, int] | None:
    """Rows and columns that a JPEG, JPEG-LS or JPEG 2000 stream says; None where it says none."""
    if stream.startswith(_START):
        return _jpeg(stream)
    begin = stream.find(_J2K, 0, _BOXES) if stream.startswith(_JP2) else 0
    if begin < 0 or not stream.startswith(_J2K, begin) or len(stream) < begin + 8 + _SIZ.size:
        return None
    right, bottom, left, top = _SIZ.unpack_from(stream, begin + 8)
    return bottom - top, right - left


def _jpeg(stream: bytes) -> tuple[int, int] | None:
    at, end = len(_START), len(stream) - 2 - _SEGMENT.size - _FRAME.size
    while at <= end and stream[at] == _ESCAPE:
        marker = stream[at + 1]
        if marker == _ESCAPE:  # a byte that fills
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _SOF:
            _precision, rows, columns = _FRAME.unpack_from(stream, at + 2 + _SEGMENT.size)
            return (rows, columns) if rows else None  # 0: told after the scan
        elif marker == _SCAN:
            return None
        else:
            at += 2 + max(2, _SEGMENT.unpack_from(stream, at + 2)[0])
    return None
