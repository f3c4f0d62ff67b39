"""Functions that lift values, one for each type (CanonicalABI, "Loading", "Flat Lifting"): `writer` says how."""

from collections.abc import Sequence
from struct import Struct
from typing import Any

from fusee.component.codecs.formats import MEMORY, inner_row, is_chunk, row_of
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
from fusee.component.types.primitive import U8, Bool, Char, ErrorContext, String
from fusee.component.types.resource import BorrowType, OwnType
from fusee.component.types.valtype import ValType


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
        return f"cx.lift_{CARRIED[type(ty)]}({slots[0]}, {writer.constant(ty)})"
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


def chunk_lifter(ty: ValType, mode: str) -> Any:
    """`(cx, memory, buffer)`: the value at the start of a buffer; `memory` is the guest's, if pointers refer to it."""

    def make() -> Any:
        writer = Writer()
        row = inner_row(ty, mode) if is_chunk(ty, mode) else row_of(ty, mode)
        names = writer.names(row.slots)
        unpack = writer.constant(Struct("<" + row.format).unpack_from)
        writer.line(f"{unpacked(names)} = {unpack}(buffer)")
        value = _lift_parts(writer, ty, mode, names) if is_chunk(ty, mode) else lift_row(writer, ty, mode, names)
        writer.line(f"return {value}")
        return writer.finish("cx, memory, buffer")

    return cached(ty, ("lift", mode), make)


def _lift_elements(writer: Writer, element: ValType, mode: str, source: str) -> str:
    """An expression for a list of the values that are in a buffer one after the other."""
    row = row_of(element, mode)
    names = writer.names(row.slots)
    rows = f"{writer.constant(Struct('<' + row.format).iter_unpack)}({source})"
    if is_chunk(element, mode):
        return f"[{writer.constant(chunk_lifter(element, mode))}(cx, memory, {names[0]}) for ({names[0]},) in {rows}]"
    value = lift_row(writer, element, mode, names)
    if isinstance(element, TupleType) and value == f"({unpacked(names)})":
        return f"list({rows})"
    return f"[{value} for ({unpacked(names)}) in {rows}]"


def list_lifter(element: ValType) -> Any:
    """`(cx, memory, pointer, length)`: the list in memory."""

    def make() -> Any:
        layout, row = layout_of(element), row_of(element, MEMORY)
        writer = Writer()
        writer.line(f"view = elements(memory, pointer, length * {layout.size}, {layout.alignment})")
        writer.line("cx.spend(len(view))")
        if isinstance(element, U8):
            writer.line("return bytes(view)")
        elif isinstance(element, NUMBERS):
            writer.line(f"return view.cast({row.format!r}).tolist()")
        else:
            # A copy: an iterator that looks into a `memoryview` must not be in a circle of references, as it is when an
            # element is wrong and somebody keeps the error. CPython 3.11 to 3.13 would end the process (`tp_clear`).
            writer.line(f"return {_lift_elements(writer, element, MEMORY, 'view.tobytes()')}")
        return writer.finish("cx, memory, pointer, length")

    return cached(element, ("lift list", MEMORY), make)


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

    return cached(ty, ("lift array", mode), make)


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

    return cached(ty, ("lift variant", mode), make)
