"""What compiled lifters and lowerers call for single values."""

import ctypes
from collections.abc import Callable, Mapping, Sequence
from struct import pack, pack_into
from typing import TYPE_CHECKING, Any, Final, NoReturn

from fusee.api.errors import ArgumentError
from fusee.api.managed import bytes_of, shown
from fusee.component.resources import ResourceAny, ResourceHost
from fusee.component.traps import Reason, trap
from fusee.component.types.composite import VariantLikeType
from fusee.component.types.valtype import classes_of
from fusee.component.values import AsyncValue, InvalidValueError, Record, Variant

if TYPE_CHECKING:
    from fusee.component.codecs.context import Context

MOST_LIST_BYTES: Final = (1 << 28) - 1
MOST_F32: Final = 3.4028234663852886e38
SURROGATES: Final = range(0xD800, 0xE000)
MOST_CHAR: Final = 0x10FFFF
_set_fields: Final = Record.__dict__["__dict__"].__set__
_new: Final = object.__new__


class Moved:
    """A handle on its way from one component to another."""

    __slots__ = ("rep", "type")

    def __init__(self, ty: Any, rep: int) -> None:
        self.type = ty
        self.rep = rep


class ErrorCase(Variant):
    """The error of a result that a host function has raised, whatever it is made of."""


class Pairs(list[Any]):
    """A map on its way from one component to another: keys may be there twice."""


def map_items(value: Any) -> Any:
    """Keys and values of a map."""
    return value if isinstance(value, Pairs) else tuple(value.items())


def make_record(fields: dict[str, Any]) -> Record:
    """A record with these fields."""
    made = _new(Record)
    _set_fields(made, fields)
    return made


def lift_char(code: int) -> str:
    """A Unicode scalar value. Raises `Trap`."""
    if code > MOST_CHAR or code in SURROGATES:
        raise trap(Reason.INVALID_CHAR)
    return chr(code)


def no_case(case: int) -> NoReturn:
    """A discriminant is of no case."""
    raise trap(Reason.INVALID_CASE, case)


def lower_char(value: Any) -> int:
    """The number of a character. Raises `TypeError` or `ValueError`."""
    if not isinstance(value, str) or len(value) != 1:
        raise TypeError
    code = ord(value)
    if code in SURROGATES:
        raise ValueError
    return code


def to_f32(value: Any) -> float:
    """Rounded to single precision, which may be infinite."""
    return ctypes.c_float(value).value


def field(value: Any, name: str) -> Any:
    """A field whose name is no Python name; its underscored form will do."""
    found = getattr(value, name, _new)
    return getattr(value, name.replace("-", "_") + ("" if "-" in name else "_")) if found is _new else found


def not_a_bool(value: Any) -> NoReturn:
    """Raises `TypeError`; what is wrong is found out by `explain`, as for all of these."""
    raise TypeError


def not_a_tuple(value: Any) -> NoReturn:
    """Raises `TypeError`."""
    raise TypeError


def out_of_range(value: Any) -> NoReturn:
    """Raises `ValueError`."""
    raise ValueError


def no_length(values: Any) -> NoReturn:
    """Raises `TypeError`."""
    raise TypeError


def flag_bits(bits: Mapping[str, int], value: Any) -> int:
    """Flags as a number. Raises `TypeError` or `KeyError`."""
    if not isinstance(value, set | frozenset):
        raise TypeError
    return sum([bits[name] for name in value])


def elements(memory: memoryview, pointer: int, length: int, alignment: int) -> memoryview:
    """The bytes of a list. Raises `Trap` if they are not all there."""
    if length > MOST_LIST_BYTES:
        raise trap(Reason.LIST_TOO_LONG)
    if pointer % alignment:
        raise trap(Reason.LIST_UNALIGNED)
    end = pointer + length
    if end > len(memory):
        raise trap(Reason.LIST_OUT_OF_BOUNDS)
    return memory[pointer:end]


def lower_octets(cx: "Context", values: Any) -> tuple[int, int]:
    """A list of bytes."""
    if isinstance(values, bytes | bytearray):
        data: Any = values
    elif isinstance(values, list | tuple):
        data = bytes(values)
    else:
        data = bytes_of(memoryview(values))
    return cx.put(1, data), len(data)


def lower_numbers(cx: "Context", values: Any, code: str, size: int) -> tuple[int, int]:
    """A list of numbers, or a buffer of them."""
    if isinstance(values, list | tuple):
        data: Any = pack(f"<{len(values)}{code}", *values)
    else:
        view = memoryview(values)
        if view.format not in _SAME[code]:
            raise TypeError
        data = view.cast("B") if view.c_contiguous else view.tobytes()
    return cx.put(size, data), len(data) // size


def put_octets(cx: "Context", values: Any, pointer: int) -> None:
    """Bytes, into memory that is there."""
    data = values if isinstance(values, bytes | bytearray | memoryview) else bytes(values)
    cx.current()[pointer : pointer + len(data)] = data


def put_numbers(cx: "Context", values: Sequence[Any], code: str, pointer: int) -> None:
    """Numbers, into memory that is there."""
    pack_into(f"<{len(values)}{code}", cx.current(), pointer, *values)


_SAME: Final = {
    "b": ("b",), "h": ("h",), "i": ("i", "l") if ctypes.sizeof(ctypes.c_long) == 4 else ("i",),
    "q": ("q", "l") if ctypes.sizeof(ctypes.c_long) == 8 else ("q",), "B": ("B",), "H": ("H",),
    "I": ("I", "L") if ctypes.sizeof(ctypes.c_long) == 4 else ("I",),
    "Q": ("Q", "L") if ctypes.sizeof(ctypes.c_long) == 8 else ("Q",), "f": ("f",), "d": ("d",),
}  # fmt: skip
"""By a code of `struct` with standard sizes, the native codes of the same format."""

# Which case of a variant is meant by a value that is no `Variant`.

Predicate = Callable[[Any], bool]
_BUFFERS: Final = (bytes, bytearray, memoryview)
_STRICT: Final[dict[Any, Predicate]] = {
    None: lambda value: value is None,
    bool: lambda value: isinstance(value, bool),
    int: lambda value: isinstance(value, int) and not isinstance(value, bool),
    float: lambda value: isinstance(value, float),
    str: lambda value: isinstance(value, str),
    bytes: lambda value: isinstance(value, _BUFFERS),
    list: lambda value: isinstance(value, list) and not isinstance(value, Pairs),
    tuple: lambda value: isinstance(value, tuple),
    dict: lambda value: isinstance(value, dict | Pairs),
    set: lambda value: isinstance(value, set | frozenset),
    "record": lambda value: isinstance(value, Record),
    "resource": lambda value: isinstance(value, ResourceAny | ResourceHost | Moved),
    "variant": lambda value: isinstance(value, Variant),
    "asynchronous": lambda value: isinstance(value, AsyncValue),
}
_LOOSE: Final[dict[Any, Predicate]] = {
    int: lambda value: isinstance(value, int),
    float: lambda value: isinstance(value, int),
    list: lambda value: isinstance(value, tuple) or (hasattr(value, "__array_interface__") or _is_array(value)),
    "record": lambda value: (
        not isinstance(value, Variant) and (hasattr(value, "__dict__") or hasattr(value, "__slots__"))
    ),
    "asynchronous": lambda value: hasattr(value, "__aiter__") or hasattr(value, "__await__"),
}


def _is_array(value: Any) -> bool:
    from array import array

    return isinstance(value, array)


def predicates(ty: VariantLikeType) -> tuple[tuple[Predicate, int], ...]:
    """What tells cases apart, the strict before the loose."""
    found = []
    for table in (_STRICT, _LOOSE):
        for case, (_, payload) in enumerate(ty._cases()):
            found += [(table[kind], case) for kind in classes_of(payload) if kind in table]
    return tuple(found)


def choose(tests: Sequence[tuple[Predicate, int]], index: Mapping[str, int], value: Any) -> tuple[int, Any]:
    """The case and the payload. Raises `ValueError`."""
    if isinstance(value, ErrorCase):
        return index[value.tag], value.payload
    for test, case in tests:
        if test(value):
            return case, value
    if isinstance(value, Variant):
        return index[value.tag], value.payload
    raise ValueError


def expected(what: str, value: Any, place: str) -> ArgumentError:
    """A value is of another class."""
    return ArgumentError(f"{place}: expected {what}, not {shown(value)}")


def unfit(what: str, value: Any, place: str) -> InvalidValueError:
    """A value of the right class is none of the type's."""
    return InvalidValueError(f"{place}: {shown(value)} is {what}")
