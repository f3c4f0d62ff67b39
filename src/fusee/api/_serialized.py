"""The bytes of a serialized module: its binary, and behind that native code of its functions, if it was compiled.

A digest tells bytes that were damaged, not bytes that somebody has forged: native code does what it likes.
"""

from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from fusee.api.errors import WasmtimeError
from fusee.api.managed import expect_path

if TYPE_CHECKING:
    from os import PathLike

SERIALIZED: Final = b"\0fusee-module-2\n"
_DIGEST_BYTES: Final = 32
_SIZE_BYTES: Final = 8


def read_serialized(path: "str | bytes | PathLike[str]") -> bytes:
    """The contents of a file.

    Raises `ArgumentError`; `WasmtimeError` if it cannot be read: who keeps such files asks for that alone.
    """
    expect_path(path)
    try:
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:  # no path has a zero byte
        raise WasmtimeError(f"failed to open file: {error}") from error


class Serialized(NamedTuple):
    """A module's binary, and its native code, which is empty if there is none; as `Native.exported_code` gives it."""

    binary: bytes
    code: bytes

    def to_bytes(self) -> bytearray:
        rest = len(self.binary).to_bytes(_SIZE_BYTES, "little") + self.binary + self.code
        return bytearray(SERIALIZED + sha256(rest).digest() + rest)

    @classmethod
    def from_bytes(cls, encoded: bytes | bytearray) -> "Serialized":
        """The inverse of `to_bytes`. Raises `WasmtimeError` for other bytes, and if they are damaged."""
        if not encoded.startswith(SERIALIZED):
            raise WasmtimeError("these bytes are not a serialized module")
        start = len(SERIALIZED) + _DIGEST_BYTES
        rest = bytes(encoded[start:])
        size = int.from_bytes(rest[:_SIZE_BYTES], "little")
        if sha256(rest).digest() != encoded[len(SERIALIZED) : start] or size > len(rest) - _SIZE_BYTES:
            raise WasmtimeError("this serialized module is damaged")
        return cls(rest[_SIZE_BYTES : _SIZE_BYTES + size], rest[_SIZE_BYTES + size :])
