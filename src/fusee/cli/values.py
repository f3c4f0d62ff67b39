"""Values on the command line: the arguments of `--invoke`, and what it shows."""

import ctypes
import struct
from math import isinf
from typing import TYPE_CHECKING, Any, Final

from fusee.cli.errors import usage_error

if TYPE_CHECKING:
    from fusee import ValType

_BITS: Final = {"i32": 32, "i64": 64, "v128": 128}
_MOST_SHOWN: Final = 60  # characters of an argument
_DIGITS_OF_F32: Final = 9  # so many significant decimal digits tell all of them apart


def parse_value(kind: "ValType", text: str) -> Any:
    """The value of a type that a text is. Raises `click.UsageError` if it is none, or does not fit."""
    name = str(kind)
    try:
        if name in _BITS:
            return _parse_integer(name, text)
        if name in ("f32", "f64"):
            return _parse_float(name, text)
    except ValueError:
        raise usage_error(f"{_quoted(text)}: not a value of type {name}") from None
    except OverflowError:
        raise usage_error(f"{_quoted(text)}: does not fit {name}") from None
    if text == "null" and kind.is_nullable:
        return None
    raise usage_error(f"{_quoted(text)}: values of type {name} cannot be written on the command line")


def _parse_integer(name: str, text: str) -> Any:
    value, bits = int(text, _base(text)), _BITS[name]
    if not -(1 << bits - 1) <= value < 1 << bits:
        raise OverflowError
    if name == "v128":
        return (value % (1 << bits)).to_bytes(bits // 8, "little")
    return value


def _parse_float(name: str, text: str) -> float:
    value = float.fromhex(text) if _base(text) == 16 else float(text)
    if isinf(value) and "inf" not in text.lower():
        raise OverflowError
    struct.pack("<f" if name == "f32" else "<d", value)
    return value


def _base(text: str) -> int:
    """The base of a number. Raises `ValueError` for what Python takes beyond that: `_`, spaces, digits of others."""
    if "_" in text or not text.isascii() or text != text.strip():
        raise ValueError
    return 16 if "0x" in text.lower() else 10


def _quoted(text: str) -> str:
    """A text in an error, which is one line, and not a long one."""
    shown = text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "…"
    return shown if shown and shown.isprintable() else repr(shown)


def show_value(kind: "ValType", value: object) -> str:
    """A result as one would write it, a float with as few digits as tell it from all others of its type."""
    name = str(kind)
    if isinstance(value, float):
        return _show_float(name, value)
    if isinstance(value, bytes | bytearray):
        return f"{int.from_bytes(value, 'little'):#034x}"
    if isinstance(value, int):
        return f"{value:#034x}" if name == "v128" else str(value)
    return "null" if value is None else f"<{name}>"


def _show_float(name: str, value: float) -> str:
    text = _shortest_f32(value) if name == "f32" else repr(value)
    return text.removesuffix(".0")


def _shortest_f32(value: float) -> str:
    texts = (f"{value:.{digits}g}" for digits in range(1, _DIGITS_OF_F32))
    return repr(float(next((text for text in texts if _to_f32(float(text)) == value), f"{value:.{_DIGITS_OF_F32}g}")))


def _to_f32(value: float) -> float:
    """Rounded to single precision; what is too large becomes infinite."""
    return ctypes.c_float(value).value
