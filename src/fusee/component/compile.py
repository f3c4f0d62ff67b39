"""Compiles types into Python functions that lift and lower their values (CanonicalABI, "Lifting and Lowering Values").

For each type a function is written and compiled once, as `dataclasses` does: it reads all slots of a row with one call
of `struct` (for a list, those of all elements), and makes the value of them in one expression. Types that are named in
it are constants. What it takes from a call is `cx`, a `context.Context`. Deep types are functions that call functions.
"""

from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any, Final

from fusee.component import primitives
from fusee.component.formats import (
    LOWERED,
    MEMORY,
    inner_row,
    is_chunk,
    payload_size,
    row_of,
    size_of,
)
from fusee.component.layout import layout_of
from fusee.component.types.composite import (
    EnumType,
    FlagsType,
    FutureType,
    ListType,
    MapType,
    RecordType,
    StreamType,
    TupleType,
    VariantLikeType,
    pair_of,
)
from fusee.component.types.primitive import (
    F32,
    F64,
    S8,
    S16,
    S32,
    S64,
    U8,
    U16,
    U32,
    U64,
    Bool,
    Char,
    ErrorContext,
    String,
)
from fusee.component.types.resource import BorrowType, OwnType
from fusee.component.types.valtype import POINTER, ValType
from fusee.component.values import Variant

_NUMBERS: Final = (S8, U8, S16, U16, S32, U32, S64, U64, F32, F64)
"""What `memoryview.cast` and `array` know, too. Other types may have a number's format, and other values."""
_CARRIED: Final = {StreamType: "stream", FutureType: "future", ErrorContext: "error_context"}
_HELPERS: Final[dict[str, Any]] = {
    name: getattr(primitives, name)
    for name in ("make_record", "lift_char", "lower_char", "to_f32", "field", "not_a_bool", "not_a_tuple", "no_case",
                 "out_of_range", "lower_numbers", "lower_octets", "choose", "flag_bits", "no_length", "map_items",
                 "elements", "put_octets", "put_numbers")
} | {"Variant": Variant}  # fmt: skip


class Writer:
    """One function while it is written."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.scope: dict[str, Any] = dict(_HELPERS)
        self._names = 0

    def name(self) -> str:
        """A name for a variable."""
        self._names += 1
        return f"v{self._names}"

    def names(self, count: int) -> list[str]:
        """Names for variables."""
        return [self.name() for _ in range(count)]

    def constant(self, value: Any) -> str:
        """A name that stands for an object."""
        self._names += 1
        name = f"k{self._names}"
        self.scope[name] = value
        return name

    def line(self, text: str, indent: int = 1) -> None:
        """A line of the body."""
        self.lines.append("    " * indent + text)

    def finish(self, parameters: str) -> Callable[..., Any]:
        """The function."""
        source = "\n".join([f"def made({parameters}):", *self.lines])
        exec(compile(source, "<fusee.component>", "exec"), self.scope)
        made: Callable[..., Any] = self.scope["made"]
        return made


def _cached(ty: ValType, key: tuple[str, str], make: Callable[[], Any]) -> Any:
    found = ty._codecs.get(key)
    if found is None:
        found = ty._codecs[key] = make()
    return found


# Lifting.


def lift_row(writer: Writer, ty: ValType, mode: str, slots: Sequence[str]) -> str:
    """An expression for the value that is in some slots."""
    if isinstance(ty, Bool):
        return slots[0] if mode == MEMORY else f"{slots[0]} != 0"
    if isinstance(ty, Char):
        return f"lift_char({slots[0]})"
    if isinstance(ty, String):
        return f"cx.string(memory, {slots[0]}, {slots[1]})"
    if isinstance(ty, ListType):
        if ty._length is not None:
            return f"{writer.constant(array_lifter(ty, mode))}(cx, memory, {slots[0]})"
        return f"{writer.constant(list_lifter(ty._element))}(cx, memory, {slots[0]}, {slots[1]})"
    if isinstance(ty, MapType):
        pairs = writer.constant(list_lifter(pair_of(ty)))
        return f"cx.mapping({pairs}(cx, memory, {slots[0]}, {slots[1]}))"
    if isinstance(ty, RecordType | TupleType):
        if is_chunk(ty, mode):
            return f"{writer.constant(chunk_lifter(ty, mode))}(cx, memory, {slots[0]})"
        return _lift_parts(writer, ty, mode, slots)
    if isinstance(ty, EnumType):
        names = writer.constant(ty._names)
        return f"({names}[{slots[0]}] if {slots[0]} < {len(ty._names)} else no_case({slots[0]}))"
    if isinstance(ty, FlagsType):
        bits = writer.constant(tuple((1 << i, name) for i, name in enumerate(ty._names)))
        return f"{{name for bit, name in {bits} if bit & {slots[0]}}}"
    if isinstance(ty, VariantLikeType):
        payload = slots[1] if len(slots) > 1 else "b''"
        return f"{writer.constant(variant_lifter(ty, mode))}(cx, memory, {slots[0]}, {payload})"
    if isinstance(ty, OwnType | BorrowType):
        method = "lift_own" if isinstance(ty, OwnType) else "lift_borrow"
        return f"cx.{method}({slots[0]}, {writer.constant(ty._ty)})"
    if isinstance(ty, StreamType | FutureType | ErrorContext):
        return f"cx.lift_{_CARRIED[type(ty)]}({slots[0]}, {writer.constant(ty)})"
    return slots[0]


def _lift_parts(writer: Writer, ty: ValType, mode: str, slots: Sequence[str]) -> str:
    """A record or tuple of its slots."""
    parts, at = [], 0
    for part in ty._parts():
        count = row_of(part, mode).slots
        parts.append(lift_row(writer, part, mode, slots[at : at + count]))
        at += count
    if isinstance(ty, RecordType):
        fields = ", ".join(f"{name!r}: {part}" for (name, _), part in zip(ty._fields, parts, strict=True))
        return f"make_record({{{fields}}})"
    return f"({''.join(f'{part}, ' for part in parts)})"


def _unpacked(names: Sequence[str]) -> str:
    return "".join(f"{name}, " for name in names) or "()"


def chunk_lifter(ty: ValType, mode: str) -> Any:
    """`(cx, memory, buffer)`: the value at the start of a buffer; `memory` is the guest's, if pointers refer to it."""

    def make() -> Any:
        writer = Writer()
        row = inner_row(ty, mode) if is_chunk(ty, mode) else row_of(ty, mode)
        names = writer.names(row.slots)
        unpack = writer.constant(Struct("<" + row.format).unpack_from)
        writer.line(f"{_unpacked(names)} = {unpack}(buffer)")
        value = _lift_parts(writer, ty, mode, names) if is_chunk(ty, mode) else lift_row(writer, ty, mode, names)
        writer.line(f"return {value}")
        return writer.finish("cx, memory, buffer")

    return _cached(ty, ("lift", mode), make)


def _lift_elements(writer: Writer, element: ValType, mode: str, source: str) -> str:
    """An expression for a list of the values that are in a buffer one after the other."""
    row = row_of(element, mode)
    names = writer.names(row.slots)
    rows = f"{writer.constant(Struct('<' + row.format).iter_unpack)}({source})"
    if is_chunk(element, mode):
        return f"[{writer.constant(chunk_lifter(element, mode))}(cx, memory, {names[0]}) for ({names[0]},) in {rows}]"
    value = lift_row(writer, element, mode, names)
    if isinstance(element, TupleType) and value == f"({_unpacked(names)})":
        return f"list({rows})"
    return f"[{value} for ({_unpacked(names)}) in {rows}]"


def list_lifter(element: ValType) -> Any:
    """`(cx, memory, pointer, length)`: the list in memory."""

    def make() -> Any:
        layout, row = layout_of(element), row_of(element, MEMORY)
        writer = Writer()
        writer.line(f"view = elements(memory, pointer, length * {layout.size}, {layout.alignment})")
        writer.line("cx.spend(len(view))")
        if isinstance(element, U8):
            writer.line("return bytes(view)")
        elif isinstance(element, _NUMBERS):
            writer.line(f"return view.cast({row.format!r}).tolist()")
        else:
            # A copy: an iterator that looks into a `memoryview` must not be in a circle of references, as it is when an
            # element is wrong and somebody keeps the error. CPython 3.11 to 3.13 would end the process (`tp_clear`).
            writer.line(f"return {_lift_elements(writer, element, MEMORY, 'view.tobytes()')}")
        return writer.finish("cx, memory, pointer, length")

    return _cached(element, ("lift list", MEMORY), make)


def array_lifter(ty: ListType, mode: str) -> Any:
    """`(cx, memory, buffer)`: a list of fixed length."""

    def make() -> Any:
        writer = Writer()
        if isinstance(ty._element, U8) and mode == MEMORY:
            writer.line("return bytes(buffer)")
        else:
            value = _lift_elements(writer, ty._element, mode, "buffer")
            writer.line(f"return {f'bytes({value})' if isinstance(ty._element, U8) else value}")
        return writer.finish("cx, memory, buffer")

    return _cached(ty, ("lift array", mode), make)


def variant_lifter(ty: VariantLikeType, mode: str) -> Any:
    """`(cx, memory, case, payload)`: a variant, an option or a result."""

    def make() -> Any:
        cases = []
        for name, payload in ty._cases():
            writer = Writer()
            value = "None"
            if payload is not None:
                value = f"{writer.constant(chunk_lifter(payload, mode))}(cx, memory, payload)"
            writer.line(f"return Variant({name!r}, {value})" if ty._is_tagged else f"return {value}")
            cases.append(writer.finish("cx, memory, payload"))
        writer = Writer()
        table = writer.constant(tuple(cases))
        writer.line(f"return {table}[case](cx, memory, payload) if case < {len(cases)} else no_case(case)")
        return writer.finish("cx, memory, case, payload")

    return _cached(ty, ("lift variant", mode), make)


# Lowering.


def lower_row(writer: Writer, ty: ValType, mode: str, value: str, indent: int = 1) -> list[str]:
    """Expressions for the slots of a value, which is a variable; what must come before them is written."""
    if isinstance(ty, Bool):
        return [f"{value} if {value}.__class__ is bool else not_a_bool({value})"]
    if isinstance(ty, S8 | S16) and mode == LOWERED:
        most = 1 << (7 if isinstance(ty, S8) else 15)
        return [f"{value} if {-most} <= {value} < {most} else out_of_range({value})"]
    if isinstance(ty, F32):
        return [f"{value} if {-primitives.MOST_F32!r} <= {value} <= {primitives.MOST_F32!r} else to_f32({value})"]
    if isinstance(ty, Char):
        return [f"lower_char({value})"]
    if isinstance(ty, EnumType):
        return [f"{writer.constant({name: i for i, name in enumerate(ty._names)})}[{value}]"]
    if isinstance(ty, FlagsType):
        return [f"flag_bits({writer.constant({name: 1 << i for i, name in enumerate(ty._names)})}, {value})"]
    if isinstance(ty, OwnType | BorrowType):
        method = "lower_own" if isinstance(ty, OwnType) else "lower_borrow"
        made = writer.name()
        writer.line(f"{made} = cx.{method}({value}, {writer.constant(ty._ty)})", indent)
        return [made]
    if isinstance(ty, StreamType | FutureType | ErrorContext):
        made = writer.name()
        writer.line(f"{made} = cx.lower_{_CARRIED[type(ty)]}({value}, {writer.constant(ty)})", indent)
        return [made]
    if isinstance(ty, RecordType | TupleType) and not is_chunk(ty, mode):
        return _lower_parts(writer, ty, mode, value, indent)
    if isinstance(ty, String | ListType | MapType | RecordType | TupleType | VariantLikeType):
        return _lower_called(writer, ty, mode, value, indent)
    return [value]


def _lower_called(writer: Writer, ty: ValType, mode: str, value: str, indent: int) -> list[str]:
    """What a function of its own lowers."""
    if isinstance(ty, String):
        call = f"cx.put_string({value})"
    elif isinstance(ty, ListType) and ty._length is None:
        call = f"{writer.constant(list_lowerer(ty._element))}(cx, {value})"
    elif isinstance(ty, MapType):
        call = f"{writer.constant(list_lowerer(pair_of(ty)))}(cx, map_items({value}))"
    elif isinstance(ty, ListType):
        call = f"{writer.constant(array_lowerer(ty, mode))}(cx, {value})"
    elif isinstance(ty, VariantLikeType):
        call = f"{writer.constant(variant_lowerer(ty, mode))}(cx, {value})"
    else:
        call = f"{writer.constant(chunk_lowerer(ty, mode))}(cx, {value})"
    count = row_of(ty, mode).slots
    names = writer.names(count)
    is_row = not isinstance(ty, RecordType | TupleType) and (not isinstance(ty, ListType) or ty._length is None)
    writer.line(f"{_unpacked(names) if is_row else names[0]} = {call}", indent)
    return names


def _lower_parts(writer: Writer, ty: ValType, mode: str, value: str, indent: int) -> list[str]:
    """The slots of a record or tuple."""
    parts = ty._parts()
    names = writer.names(len(parts))
    if isinstance(ty, RecordType):
        for variable, (name, _) in zip(names, ty._fields, strict=True):
            read = f"field({value}, {name!r})" if not name.isidentifier() else f"{value}.{name}"
            writer.line(f"{variable} = {_safe(read, value, name)}", indent)
    else:
        given = f"{value} if isinstance({value}, tuple) else not_a_tuple({value})"
        writer.line(f"{_unpacked(names)} = {given}", indent)
    slots = []
    for variable, part in zip(names, parts, strict=True):
        slots += lower_row(writer, part, mode, variable, indent)
    return slots


def _safe(read: str, value: str, name: str) -> str:
    """Fields may be called as Python's keywords are."""
    from keyword import iskeyword

    return f"field({value}, {name!r})" if iskeyword(name) else read


def chunk_lowerer(ty: ValType, mode: str, size: int = 0) -> Any:
    """`(cx, value)`: the bytes of a value, with zeros up to a size."""

    def make() -> Any:
        writer = Writer()
        if is_chunk(ty, mode):
            row, slots = inner_row(ty, mode), _lower_parts(writer, ty, mode, "value", 1)
        else:
            row, slots = row_of(ty, mode), lower_row(writer, ty, mode, "value")
        fill = max(size - size_of(ty, mode), 0)
        pack = writer.constant(Struct(f"<{row.format}{f'{fill}x' if fill else ''}").pack)
        writer.line(f"return {pack}({', '.join(slots)})")
        return writer.finish("cx, value")

    return _cached(ty, (f"lower {size}", mode), make)


def is_bulk(element: ValType) -> bool:
    """Whether lists of it are lowered as arrays of numbers."""
    return isinstance(element, _NUMBERS) and not isinstance(element, F32)


def list_lowerer(element: ValType) -> Any:
    """`(cx, values)`: pointer and length of a list that was put into memory."""

    def make() -> Any:
        writer = Writer()
        if isinstance(element, U8):
            writer.line("return lower_octets(cx, values)")
        elif is_bulk(element):
            code, size = row_of(element, MEMORY).format, layout_of(element).size
            writer.line(f"return lower_numbers(cx, values, {code!r}, {size})")
        else:
            _lower_elements(writer, element)
        return writer.finish("cx, values")

    return _cached(element, ("lower list", MEMORY), make)


def _lower_elements(writer: Writer, element: ValType) -> None:
    layout, row = layout_of(element), row_of(element, MEMORY)
    pack = writer.constant(Struct("<" + row.format).pack_into)
    writer.line("if not isinstance(values, (list, tuple)): values = no_length(values)")
    writer.line("length = len(values)")
    writer.line(f"pointer = at = cx.allocate({layout.alignment}, length * {layout.size})")
    is_flat = not element._flags & POINTER  # nothing is allocated meanwhile: the memory stays where it is
    writer.line("memory = cx.current()" if is_flat else "memory = cx.current")
    writer.line("for value in values:")
    slots = lower_row(writer, element, MEMORY, "value", 2)
    writer.line(f"{pack}({'memory' if is_flat else 'memory()'}, at, {', '.join(slots)})", 2)
    writer.line(f"at += {layout.size}", 2)
    writer.line("return pointer, length")


def area_lowerer(element: ValType) -> Any:
    """`(cx, values, pointer)`: puts values one after the other into memory that the guest has set aside."""

    def make() -> Any:
        size = layout_of(element).size
        writer = Writer()
        if isinstance(element, U8):
            writer.line("put_octets(cx, values, pointer)")
        elif is_bulk(element):
            writer.line(f"put_numbers(cx, values, {row_of(element, MEMORY).format!r}, pointer)")
        else:
            writer.line("for value in values:")
            writer.line(f"{writer.constant(row_lowerer(element, MEMORY))}(cx, cx.current, pointer, value)", 2)
            writer.line(f"pointer += {size}", 2)
        return writer.finish("cx, values, pointer")

    return _cached(element, ("lower area", MEMORY), make)


def array_lowerer(ty: ListType, mode: str) -> Any:
    """`(cx, values)`: the bytes of a list of fixed length."""

    def make() -> Any:
        writer = Writer()
        lower = writer.constant(chunk_lowerer(ty._element, mode))
        kinds = "(bytes, bytearray, list, tuple)" if isinstance(ty._element, U8) else "(list, tuple)"
        writer.line(f"if not isinstance(values, {kinds}) or len(values) != {ty._length}: values = no_length(values)")
        writer.line(f"return b''.join([{lower}(cx, value) for value in values])")
        return writer.finish("cx, values")

    return _cached(ty, ("lower array", mode), make)


def variant_lowerer(ty: VariantLikeType, mode: str) -> Any:
    """`(cx, value)`: the case, and the bytes of the payload if any case has one."""

    def make() -> Any:
        size = payload_size(ty, mode)
        writer = Writer()
        cases = ty._cases()
        index = writer.constant({name: i for i, (name, _) in enumerate(cases)})
        lower = [None if p is None else chunk_lowerer(p, mode, size) for _, p in cases]
        table = writer.constant(tuple(lower))
        zeros = writer.constant(bytes(size))
        if ty._is_tagged:
            writer.line(f"case, payload = {index}[value.tag], value.payload")
        else:
            writer.line(f"case, payload = choose({writer.constant(primitives.predicates(ty))}, {index}, value)")
        if size:
            writer.line(f"lower = {table}[case]")
            writer.line(f"return case, {zeros} if lower is None else lower(cx, payload)")
        else:
            writer.line("return case,")
        return writer.finish("cx, value")

    return _cached(ty, ("lower variant", mode), make)


def row_lowerer(ty: ValType, mode: str) -> Any:
    """`(cx, buffer, at, value)`: puts a value into a buffer; for memory, into what it gives in the end."""

    def make() -> Any:
        writer = Writer()
        if is_chunk(ty, mode):
            row, slots = inner_row(ty, mode), _lower_parts(writer, ty, mode, "value", 1)
        else:
            row, slots = row_of(ty, mode), lower_row(writer, ty, mode, "value")
        pack = writer.constant(Struct("<" + row.format).pack_into)
        place = "buffer()" if mode == MEMORY else "buffer"
        writer.line(f"{pack}({place}, at, {', '.join(slots)})" if slots else "pass")
        return writer.finish("cx, buffer, at, value")

    return _cached(ty, ("lower into", mode), make)
