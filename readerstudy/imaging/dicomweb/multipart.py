"""Read a multipart/related body (RFC 2387) part by part, without holding a part in memory. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

CHUNK = 256 * 1024
MAX_HEADER = 16 * 1024
MAX_BOUNDARY = 200  # RFC 2046 5.1.1 allows 70; Orthanc sends 73
_PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*("[^"]*"|[^;\s]+)')


class Malformed(ValueError):
    """The body is not what its Content-Type says."""


@dataclass(frozen=True)
class ContentType:
    """A Content-Type header's type and parameters, names in lower case."""

    kind: str
    parameters: dict[str, str]


def content_type(header: str) -> ContentType:
    """Read a Content-Type header."""
    named = {name.lower(): value.strip('"') for name, value in _PARAMETER.findall(header)}
    return ContentType(header.split(";", 1)[0].strip().lower(), named)


def parts(body: IO[bytes], boundary: str) -> Iterator[tuple[ContentType, "Part"]]:
    """Each part's type and its bytes as a stream, which may be read to its end or left.

    Raises
    ------
    Malformed
        For a boundary that cannot be, a header without end, a body that ends within a part.
    """
    if not 0 < len(boundary) <= MAX_BOUNDARY:
        raise Malformed("no boundary")
    source = _Source(body, b"\r\n--" + boundary.encode("latin-1", "replace"))
    source.skip_preamble()
    while source.begins_part():
        part = Part(source)
        yield source.header(), part
        while part.read(CHUNK):
            pass


class Part:
    """The bytes of one part."""

    def __init__(self, source: "_Source") -> None:
        self._source, self._ended = source, False

    def read(self, size: int = CHUNK) -> bytes:
        """Up to so many bytes; nothing at the end."""
        if self._ended:
            return b""
        data = self._source.until_delimiter(size)
        self._ended = not data
        return data


class _Source:
    """A body with what was read ahead of it."""

    def __init__(self, body: IO[bytes], delimiter: bytes) -> None:
        self._body, self._delimiter = body, delimiter
        self._ahead = b"\r\n"  # the first delimiter may stand at the very beginning

    def _more(self) -> None:
        data = self._body.read(CHUNK)
        if not data:
            raise Malformed("the body ends within a part")
        self._ahead += data

    def _taken(self, size: int, skip: int = 0) -> bytes:
        data, self._ahead = self._ahead[:size], self._ahead[size + skip :]
        return data

    def skip_preamble(self) -> None:
        """Pass the first delimiter."""
        while self.until_delimiter(CHUNK):
            pass

    def until_delimiter(self, size: int) -> bytes:
        """Bytes before the next delimiter; nothing once it is reached, and it is passed then."""
        while len(self._ahead) < len(self._delimiter):
            self._more()
        place = self._ahead.find(self._delimiter)
        if place == 0:
            return self._taken(0, skip=len(self._delimiter))
        # The last bytes may be the beginning of a delimiter: they stay until more is known.
        free = place if place > 0 else len(self._ahead) - len(self._delimiter) + 1
        return self._taken(min(free, size))

    def begins_part(self) -> bool:
        """Whether a part follows the delimiter just passed; "--" ends the body."""
        while len(self._ahead) < 2:  # noqa: PLR2004
            self._more()
        if self._ahead.startswith(b"--"):
            return False
        if self._line().strip():
            raise Malformed("a boundary is followed by something else")
        return True

    def _line(self) -> bytes:
        while (place := self._ahead.find(b"\r\n")) < 0:
            if len(self._ahead) > MAX_HEADER:
                raise Malformed("a header without end")
            self._more()
        return self._taken(place, skip=2)

    def header(self) -> ContentType:
        """The part's Content-Type; application/dicom where it does not say."""
        found, read = ContentType("application/dicom", {}), 0
        while line := self._line():
            read += len(line)
            if read > MAX_HEADER:
                raise Malformed("a header without end")
            name, _, value = line.decode("latin-1").partition(":")
            if name.strip().lower() == "content-type":
                found = content_type(value)
        return found
