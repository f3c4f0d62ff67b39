"""How strings are read and written, by their encoding (CanonicalABI, `load_string`, `store_string`)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from fusee.component.traps import Reason, trap

if TYPE_CHECKING:
    from fusee.component.codecs.context import Context

MOST_STRING_BYTES: Final = (1 << 28) - 1
UTF16_TAG: Final = 1 << 31

Lifter = Callable[[memoryview, int, int], str]
Lowerer = Callable[[str], tuple[int, int]]


def _bytes_of_string(memory: memoryview, pointer: int, length: int, alignment: int) -> memoryview:
    if length > MOST_STRING_BYTES:
        raise trap(Reason.STRING_TOO_LONG)
    if pointer % alignment:
        raise trap(Reason.STRING_UNALIGNED)
    if pointer + length > len(memory):
        raise trap(Reason.STRING_OUT_OF_BOUNDS)
    return memory[pointer : pointer + length]


def _utf8(cx: "Context") -> tuple[Lifter, Lowerer]:
    def lift(memory: memoryview, pointer: int, length: int) -> str:
        end = pointer + length
        if end > len(memory) or length > MOST_STRING_BYTES:
            _bytes_of_string(memory, pointer, length, 1)  # says which
        cx.spend(length)
        try:
            return str(memory[pointer:end], "utf-8")
        except UnicodeDecodeError as error:
            is_short = error.reason == "unexpected end of data"
            raise trap(Reason.INCOMPLETE_UTF8 if is_short else Reason.INVALID_UTF8) from None

    def lower(value: str) -> tuple[int, int]:
        data = value.encode() if isinstance(value, str) else _no_string(value)
        return cx.put(1, data), len(data)

    return lift, lower


def _utf16(cx: "Context") -> tuple[Lifter, Lowerer]:
    def lift(memory: memoryview, pointer: int, length: int) -> str:
        data = _bytes_of_string(memory, pointer, 2 * length, 2)
        cx.spend(2 * length)
        return _decode_utf16(data)

    def lower(value: str) -> tuple[int, int]:
        data = value.encode("utf-16-le") if isinstance(value, str) else _no_string(value)
        return cx.put(2, data), len(data) // 2

    return lift, lower


def _latin1_or_utf16(cx: "Context") -> tuple[Lifter, Lowerer]:
    def lift(memory: memoryview, pointer: int, length: int) -> str:
        if length & UTF16_TAG:
            length = 2 * (length ^ UTF16_TAG)
            data = _bytes_of_string(memory, pointer, length, 2)
            cx.spend(length)
            return _decode_utf16(data)
        data = _bytes_of_string(memory, pointer, length, 2)
        cx.spend(length)
        return str(data, "latin-1")

    def lower(value: str) -> tuple[int, int]:
        try:
            data = value.encode("latin-1") if isinstance(value, str) else _no_string(value)
        except UnicodeEncodeError:
            data = value.encode("utf-16-le")
            return cx.put(2, data), len(data) // 2 | UTF16_TAG
        return cx.put(2, data), len(data)

    return lift, lower


def _decode_utf16(data: memoryview) -> str:
    try:
        return str(data, "utf-16-le")
    except UnicodeDecodeError:
        raise trap(Reason.INVALID_UTF16) from None


def _no_string(value: Any) -> Any:
    raise TypeError


STRINGS: Final = {"utf8": _utf8, "utf16": _utf16, "latin1+utf16": _latin1_or_utf16}
