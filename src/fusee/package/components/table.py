"""Writes what is left of a component as tables (`fusee.engine.capi.component.format`)."""

import re
import struct
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from fusee.component.layout import MOST_FLAT_RESULTS, Layout, align, layout_of, parameters_type, payload_offset
from fusee.component.types.composite import (
    EnumType,
    FlagsType,
    ListType,
    MapType,
    RecordType,
    TupleType,
    VariantLikeType,
)
from fusee.component.types.primitive import F32, F64, S8, S16, S32, S64, U8, U16, U32, U64, Bool, Char, String
from fusee.component.types.resource import BorrowType, OwnType
from fusee.component.types.valtype import ValType, intern
from fusee.engine.capi.component.format import FLAT_BITS, MAGIC, MOST_DEPTH, NONE, NOT_FLAT, Kind, Owner, Step
from fusee.package.components.plan import Lifted, Name, NotForDevices, Plan, Signature, Whole

_SCALARS: Final[dict[type[ValType], Kind]] = {
    Bool: Kind.BOOL, S8: Kind.S8, U8: Kind.U8, S16: Kind.S16, U16: Kind.U16, S32: Kind.S32, U32: Kind.U32,
    S64: Kind.S64, U64: Kind.U64, F32: Kind.F32, F64: Kind.F64, Char: Kind.CHAR, String: Kind.STRING,
}  # fmt: skip
_CORE_KINDS: Final = {"i32": 0, "i64": 1, "f32": 2, "f64": 3}
_TABLES: Final = 13
_VERSION: Final = re.compile(r"@(?:0\.0\.\d+|0\.\d+|\d+)")  # as far as another version must be the same
_DEVICE_TYPES: Final = (
    *_SCALARS, ListType, MapType, RecordType, TupleType, VariantLikeType, EnumType, FlagsType, OwnType, BorrowType,
)  # fmt: skip

Row = Sequence[int]


def track(interface: str) -> int:
    """How many characters of an interface's name are the same for all versions that do as well (Explainer, names).

    They are compatible from the first number on that is not 0. A pre-release is only compatible to itself.
    """
    found = _VERSION.search(interface)
    return len(interface) if found is None or "-" in interface[found.end() :] else found.end()


class Types:
    """The types in a component, each once."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.parts: list[Row] = []
        self._known: dict[tuple[object, ...], int] = {}

    def add(self, ty: ValType, signature: Signature) -> int:
        """The number of a type. Raises `NotForDevices`."""
        if not isinstance(ty, _DEVICE_TYPES):
            raise NotForDevices(f"it has values of the type {type(ty).__name__}, for asynchronous components")
        if isinstance(ty, MapType):
            return self.add(_list_of_pairs(ty), signature)
        layout = layout_of(ty)
        parts: list[tuple[int, int]] = []
        kind, extra = self._kind(ty, signature)
        if isinstance(ty, ListType):
            parts = [(self.add(ty._element, signature), 0)]
        elif isinstance(ty, RecordType | TupleType):
            parts = self._fields(ty._parts(), signature)
        elif isinstance(ty, VariantLikeType):
            payloads = [payload for _, payload in ty._cases()]
            parts = [(NONE if part is None else self.add(part, signature), 0) for part in payloads]
        depth = 1 + max((self.rows[part][7] for part, _ in parts if part != NONE), default=0)
        if depth > MOST_DEPTH:
            raise NotForDevices(f"a type of its functions has types in it more than {MOST_DEPTH} deep")
        return self._number(kind, layout, parts, extra, depth)

    def _number(self, kind: Kind, layout: Layout, parts: list[tuple[int, int]], extra: int, depth: int) -> int:
        flat = NOT_FLAT if layout.flat is None else len(layout.flat)
        key = (kind, layout, tuple(parts), extra)
        if key not in self._known:
            self._known[key] = len(self.rows)
            first = len(self.parts)
            self.parts += parts
            self.rows.append((kind, layout.size, layout.alignment, flat, first, len(parts), extra, depth))
        return self._known[key]

    def _kind(self, ty: ValType, signature: Signature) -> tuple[Kind, int]:
        if isinstance(ty, ListType):
            return Kind.LIST, NONE if ty._length is None else ty._length
        if isinstance(ty, RecordType | TupleType):
            return Kind.RECORD, 0
        if isinstance(ty, VariantLikeType):
            return Kind.VARIANT, payload_offset(len(ty._cases()), [layout_of(part) for part in ty._parts()])
        if isinstance(ty, EnumType | FlagsType):
            return Kind.ENUM if isinstance(ty, EnumType) else Kind.FLAGS, len(ty._names)
        if isinstance(ty, OwnType | BorrowType):
            return Kind.OWN if isinstance(ty, OwnType) else Kind.BORROW, signature.resources[ty._ty]
        return _SCALARS[type(ty)], 0

    def _fields(self, fields: Iterable[ValType], signature: Signature) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        offset = 0
        for part in fields:
            layout = layout_of(part)
            offset = align(offset, layout.alignment)
            found.append((self.add(part, signature), offset))
            offset += layout.size
        return found


def _list_of_pairs(ty: MapType) -> ValType:
    """What a map is in memory."""
    made: ValType = intern(ListType, intern(TupleType, (ty._key, ty._value)), None)
    return made


class _Writer:
    """All of it: words with places in what comes behind them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.types = Types()
        self.functions: dict[Row, int] = {}
        self.tail = bytearray()
        self._texts: dict[bytes, int] = {}

    def put(self, data: bytes) -> int:
        """Where some bytes are, from the end of the tables."""
        if data not in self._texts:
            self._texts[data] = len(self.tail)
            self.tail += data
        return self._texts[data]

    def name(self, name: Name) -> list[int]:
        """A `Name`, with places from the end of the tables."""
        interface, own = name.interface.encode(), name.name.encode()
        place = self.put(interface)
        return [place, len(interface), track(name.interface), self.put(own), len(own)]

    def function(self, signature: Signature) -> int:
        """The number of a function's type."""
        params = parameters_type([ty for _, ty in signature.type._params])
        result = signature.type._result
        row = (
            self.types.add(params, signature),
            NONE if result is None else self.types.add(result, signature),
            _kinds(layout_of(params).flat),
            0 if result is None else _kinds((layout_of(result).flat or ())[:MOST_FLAT_RESULTS]),
        )
        return self.functions.setdefault(row, len(self.functions))

    def export(self, name: Name, lifted: Lifted) -> list[int]:
        """An `ExportRow`."""
        options = lifted.options
        core = [lifted.core, options.memory, options.realloc, options.post_return, options.encoding, options.form]
        return [*self.name(name), self.function(lifted.signature), *core]


def _kinds(flat: tuple[str, ...] | None) -> int:
    return sum(_CORE_KINDS[kind] << FLAT_BITS * number for number, kind in enumerate(flat or ()))


def write_table(whole: Whole) -> bytes:
    """The file that an app loads. Raises `NotForDevices` for types that devices have not.

    One of several parts has these as files in it, which have the same resources.
    """
    if len(whole.parts) == 1:
        return _file(whole, whole.parts[0], [])
    return _file(whole, Plan(), [_file(whole, part, []) for part in whole.parts])


def _file(whole: Whole, plan: Plan, parts: list[bytes]) -> bytes:
    writer = _Writer(plan)
    steps: list[Row] = [(*step, *[0] * (5 - len(step))) for step in plan.steps]
    steps = [(step[0], writer.function(plan.returns[step[1]]), *step[2:]) if step[0] == Step.RETURN else step
             for step in steps]  # fmt: skip
    imports = [[*writer.name(name), writer.function(signature)] for name, signature in plan.imports]
    exports = [writer.export(name, lifted) for name, lifted in plan.exports]
    resources = [[*writer.name(one.name), _owner(plan, one.owner)] for one in whole.resources]
    kept = len(writer.tail)
    modules = [[writer.put(module), len(module)] for module in plan.modules]
    inside = [[writer.put(part), len(part)] for part in parts]
    arguments: list[Row] = [[number] for number in plan.arguments]
    links: list[Row] = [_link(part, number) for part in whole.parts if parts for number in part.links]
    parents = [[NONE if part.outer is None else part.outer.number] for part in whole.parts if parts]
    turns: list[Row] = [(part.number, len(list(steps))) for part, steps in groupby(whole.order) if parts]
    functions = list(writer.functions)
    types, type_parts = writer.types.rows, writer.types.parts
    tables: list[Sequence[Row]] = [
        types, type_parts, functions, steps, arguments, imports, exports, resources, modules, inside, links, parents,
        turns,
    ]  # fmt: skip
    places = [(row, 0) for row in (*modules, *inside)]
    places += [(row, text) for row in (*imports, *exports, *resources) for text in (0, 3)]
    return _packed(tables, bytes(writer.tail), kept, places)


def _packed(tables: Sequence[Sequence[Row]], tail: bytes, kept: int, places: Iterable[tuple[list[int], int]]) -> bytes:
    """Head, tables and the tail, of which the first `kept` bytes stay; `places` are the words that point into it."""
    head = 4 * (3 + 2 * _TABLES)
    behind = head + 4 * sum(len(row) for table in tables for row in table)
    for row, word in places:
        row[word] += behind
    words, start = [MAGIC, behind + len(tail), behind + kept], head
    for table in tables:
        words += [start, len(table)]
        start += 4 * sum(map(len, table))
    words += [word for table in tables for row in table for word in row]
    return struct.pack(f"<{len(words)}I", *words) + tail


def _owner(plan: Plan, owner: Plan | None) -> int:
    """Who has a resource, as one of the parts, or all of them together, knows it."""
    if owner is None:
        return Owner.APP
    return Owner.COMPONENT if owner is plan else Owner.PART + owner.number


def _link(part: Plan, number: int) -> Row:
    """A `LinkRow`."""
    lifted = part.links[number]
    return part.number, number, lifted.part.number, lifted.part.export(lifted)
