"""Reads a component's bytes (spec 5.2: integers, names), with the offset of everything that is wrong."""

from typing import Final

from fusee.api.errors import MalformedError, ValidationError
from fusee.api.printable import printable

_U32_BYTES: Final = 5
MOST_NAME_BYTES: Final = 100_000


class Reader:
    """A part of the bytes, and how far it has been read. Offsets count from the start of the whole."""

    __slots__ = ("data", "end", "position")

    def __init__(self, data: bytes, position: int, end: int) -> None:
        self.data = data
        self.position = position
        self.end = end

    @property
    def is_done(self) -> bool:
        """Whether nothing is left."""
        return self.position >= self.end

    def byte(self) -> int:
        """The next byte. Raises `MalformedError` at the end, as all of these."""
        if self.position >= self.end:
            raise MalformedError("unexpected end", self.position)
        value = self.data[self.position]
        self.position += 1
        return value

    def peek(self) -> int:
        """The next byte, which stays the next one; -1 at the end."""
        return self.data[self.position] if self.position < self.end else -1

    def u32(self) -> int:
        """An unsigned number of 32 bits (LEB128)."""
        value = shift = 0
        start = self.position
        for count in range(1, _U32_BYTES + 1):
            byte = self.byte()
            if count == _U32_BYTES and byte > 0x0F:
                message = "integer representation too long" if byte & 0x80 else "integer too large"
                raise MalformedError(message, start)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
        return value

    def count(self, what: str, least_bytes: int = 1) -> int:
        """The length of a vector, each of whose elements takes so many bytes at least."""
        start = self.position
        found = self.u32()
        if found * least_bytes > self.end - self.position:
            raise MalformedError(f"{found} {what} do not fit what is left", start)
        return found

    def take(self, length: int) -> "Reader":
        """A reader of the next bytes, which are passed over here."""
        if length > self.end - self.position:
            raise MalformedError("length out of bounds", self.position)
        part = Reader(self.data, self.position, self.position + length)
        self.position += length
        return part

    def rest(self) -> bytes:
        """All bytes that are left."""
        found = self.data[self.position : self.end]
        self.position = self.end
        return found

    def name(self) -> str:
        """A name: its length, and UTF-8."""
        start = self.position
        length = self.u32()
        if length > MOST_NAME_BYTES:
            raise MalformedError(f"a name of {length} bytes is too long", start)
        part = self.take(length)
        content = part.position
        try:
            return part.rest().decode()
        except UnicodeDecodeError as error:
            raise MalformedError("malformed UTF-8 encoding", content + error.start) from None

    def finish(self, what: str) -> None:
        """Raise `MalformedError` if something is left."""
        if not self.is_done:
            raise MalformedError(f"unexpected content after {what}", self.position)

    def malformed(self, message: str) -> MalformedError:
        """The byte that was just read is wrong."""
        return MalformedError(message, self.position - 1)


def invalid(message: str, offset: int) -> ValidationError:
    """A rule of validation is broken at an offset; the message may have any names of core modules in it."""
    return ValidationError(printable(message), offset)
