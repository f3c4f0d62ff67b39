"""Functions that lower values, one for each type (CanonicalABI, "Storing", "Flat Lowering"): `writer` says how."""

from struct import Struct
from typing import Any

from fusee.component.codecs import helpers
from fusee.component.codecs.formats import LOWERED, MEMORY, Row, inner_row, is_chunk, payload_size, row_of, size_of
from fusee.component.codecs.writer import CARRIED, NUMBERS, Writer, cached, unpacked
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
from fusee.component.types.primitive import F32, S8, S16, U8, Bool, Char, ErrorContext, String
from fusee.component.types.resource import BorrowType, OwnType
from fusee.component.types.valtype import POINTER, ValType


def lower_row(writer: Writer, ty: ValType, mode: str, value: str, indent: int = 1) -> list[str]:
    """Expressions for the slots of a value, which is a variable; what must come before them is written."""
    if isinstance(ty, Bool):
        return [f"{value} if {value}.__class__ is bool else not_a_bool({value})"]
    if isinstance(ty, S8 | S16) and mode == LOWERED:
        most = 1 << (7 if isinstance(ty, S8) else 15)
        return [f"{value} if {-most} <= {value} < {most} else out_of_range({value})"]
    if isinstance(ty, F32):
        return [f"{value} if {-helpers.MOST_F32!r} <= {value} <= {helpers.MOST_F32!r} else to_f32({value})"]
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
        writer.line(f"{made} = cx.lower_{CARRIED[type(ty)]}({value}, {writer.constant(ty)})", indent)
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
    writer.line(f"{unpacked(names) if is_row else names[0]} = {call}", indent)
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
        writer.line(f"{unpacked(names)} = {given}", indent)
    slots = []
    for variable, part in zip(names, parts, strict=True):
        slots += lower_row(writer, part, mode, variable, indent)
    return slots


def _safe(read: str, value: str, name: str) -> str:
    """Fields may be called as Python's keywords are."""
    from keyword import iskeyword

    return f"field({value}, {name!r})" if iskeyword(name) else read


def _lower_inside(writer: Writer, ty: ValType, mode: str) -> tuple[Row, list[str]]:
    """The slots of `value`, which is no chunk of another value here, and their row."""
    if is_chunk(ty, mode):
        return inner_row(ty, mode), _lower_parts(writer, ty, mode, "value", 1)
    return row_of(ty, mode), lower_row(writer, ty, mode, "value")


def chunk_lowerer(ty: ValType, mode: str, size: int = 0) -> Any:
    """`(cx, value)`: the bytes of a value, with zeros up to a size."""

    def make() -> Any:
        writer = Writer()
        row, slots = _lower_inside(writer, ty, mode)
        fill = max(size - size_of(ty, mode), 0)
        pack = writer.constant(Struct(f"<{row.format}{f'{fill}x' if fill else ''}").pack)
        writer.line(f"return {pack}({', '.join(slots)})")
        return writer.finish("cx, value")

    return cached(ty, (f"lower {size}", mode), make)


def is_bulk(element: ValType) -> bool:
    """Whether lists of it are lowered as arrays of numbers."""
    return isinstance(element, NUMBERS) and not isinstance(element, F32)


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

    return cached(element, ("lower list", MEMORY), make)


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

    return cached(element, ("lower area", MEMORY), make)


def array_lowerer(ty: ListType, mode: str) -> Any:
    """`(cx, values)`: the bytes of a list of fixed length."""

    def make() -> Any:
        writer = Writer()
        lower = writer.constant(chunk_lowerer(ty._element, mode))
        kinds = "(bytes, bytearray, list, tuple)" if isinstance(ty._element, U8) else "(list, tuple)"
        writer.line(f"if not isinstance(values, {kinds}) or len(values) != {ty._length}: values = no_length(values)")
        writer.line(f"return b''.join([{lower}(cx, value) for value in values])")
        return writer.finish("cx, values")

    return cached(ty, ("lower array", mode), make)


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
            writer.line(f"case, payload = choose({writer.constant(helpers.predicates(ty))}, {index}, value)")
        if size:
            writer.line(f"lower = {table}[case]")
            writer.line(f"return case, {zeros} if lower is None else lower(cx, payload)")
        else:
            writer.line("return case,")
        return writer.finish("cx, value")

    return cached(ty, ("lower variant", mode), make)


def row_lowerer(ty: ValType, mode: str) -> Any:
    """`(cx, buffer, at, value)`: puts a value into a buffer; for memory, into what it gives in the end."""

    def make() -> Any:
        writer = Writer()
        row, slots = _lower_inside(writer, ty, mode)
        pack = writer.constant(Struct("<" + row.format).pack_into)
        place = "buffer()" if mode == MEMORY else "buffer"
        writer.line(f"{pack}({place}, at, {', '.join(slots)})" if slots else "pass")
        return writer.finish("cx, buffer, at, value")

    return cached(ty, ("lower into", mode), make)
