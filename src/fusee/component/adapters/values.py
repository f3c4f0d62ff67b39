"""What copies values from one component to another: in memory, and as core values (CanonicalABI, "Lifting and Lowering
Values"). What is checked, and what is dropped, is what `codecs` does.

Types come in pairs, the source's and the target's: they are the same but for the resources that handles are of.
Large types, and all that a type may have many times, are functions, so that a module is not much larger than its types.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from fusee.component.adapters.assembler import Code, TooLargeError
from fusee.component.adapters.call import MOVED, MovedHandle, Pair
from fusee.component.adapters.direction import Direction
from fusee.component.adapters.places import LOADS, STORES, is_plain, move, parts_of, payload_of, placed, runs
from fusee.component.layout import discriminant_size, layout_of
from fusee.component.traps import Reason
from fusee.component.types.composite import (
    EnumType,
    FlagsType,
    ListType,
    MapType,
    RecordType,
    TupleType,
    VariantLikeType,
    pair_of,
)
from fusee.component.types.primitive import S8, S16, U8, U16, Bool, Char, String
from fusee.component.types.valtype import ValType

_NARROW: Final[dict[type[ValType], str]] = {
    S8: "i32.extend8_s", U8: "i32.const 0xFF i32.and", S16: "i32.extend16_s", U16: "i32.const 0xFFFF i32.and",
}  # fmt: skip
_MOST_BRANCHES: Final = 1 << 20
"""Cases of a variant, times payloads of different types: so long takes the writing of its branches."""

_FROM_JOINED: Final = {
    ("i32", "f32"): "f32.reinterpret_i32", ("i64", "i32"): "i32.wrap_i64", ("i64", "f64"): "f64.reinterpret_i64",
    ("i64", "f32"): "i32.wrap_i64 f32.reinterpret_i32",
}  # fmt: skip
_TO_JOINED: Final = {
    ("f32", "i32"): "i32.reinterpret_f32", ("i32", "i64"): "i64.extend_i32_u", ("f64", "i64"): "i64.reinterpret_f64",
    ("f32", "i64"): "i32.reinterpret_f32 i64.extend_i32_u",
}  # fmt: skip
"""Between the core type of a payload and that of the slot that it shares (CanonicalABI, "Flattening")."""


class Values:
    """The copying in one direction."""

    def __init__(self, direction: Direction, handles: list[MovedHandle]) -> None:
        """`handles` are those of both directions, by the numbers that the host is told."""
        self._direction = direction
        self._handles = handles
        self._names: dict[tuple[str, Pair], str] = {}

    # In memory: from `from_base` + offset to `to_base` + offset.

    def copy(self, code: Code, pair: Pair, at: int) -> None:
        """Copy a value that lies `at` so many bytes behind `source`, to as many behind `target`."""
        ty = pair[0]
        if is_plain(ty):
            move(code, at, layout_of(ty).size)
        elif isinstance(ty, RecordType | TupleType):
            if layout_of(ty).flat is None:
                self._call_at(code, pair, at)
            else:
                self.copy_parts(code, pair, at)
        elif isinstance(ty, VariantLikeType) or (isinstance(ty, ListType) and ty._length is not None):
            self._call_at(code, pair, at)
        elif isinstance(ty, String | ListType | MapType):
            code.local("copied")
            code.emit(f"""
                local.get target
                local.get source i32.load from+{at} local.get source i32.load from+{at + 4} call {self.pointed(pair)}
                local.set copied i32.store to+{at} local.get target local.get copied i32.store to+{at + 4}""")
        else:
            size = layout_of(ty).size
            code.emit(f"local.get target local.get source {LOADS[size]} from+{at}")
            self.check(code, pair)
            code.emit(f"{STORES[size]} to+{at}")

    def copy_parts(self, code: Code, pair: Pair, at: int) -> None:
        """A record or tuple; parts without gaps between them that are plain are one copy."""
        pieces = placed(parts_of(pair), at)
        for plain, group in groupby(pieces, lambda found: is_plain(found[1][0])):
            if not plain:
                for start, part in group:
                    self.copy(code, part, start)
                continue
            for start, size in runs((start, layout_of(part[0]).size) for start, part in group):
                move(code, start, size)

    def _call_at(self, code: Code, pair: Pair, at: int) -> None:
        shift = f"i32.const {at} i32.add" if at else ""
        code.emit(f"local.get source {shift} local.get target {shift} call {self._copier(pair)}")

    def _copier(self, pair: Pair) -> str:
        """A function that copies from `source` to `target`."""
        name, code = self.begin("copy", pair, {"source": "i32", "target": "i32"}, 0)
        if code is None:
            return name
        ty = pair[0]
        if isinstance(ty, VariantLikeType):
            self._copy_case(code, pair)
        elif isinstance(ty, ListType):
            end = f"local.get source i32.const {layout_of(ty).size} i32.add"
            self.copy_elements(code, parts_of(pair)[0], end)
        else:
            self.copy_parts(code, pair, 0)
        return name

    def copy_elements(self, code: Code, element: Pair, end: str) -> None:
        """Elements from `source` to an end, of which there is at least one."""
        size = layout_of(element[0]).size
        code.local("end")
        code.emit(f"{end} local.set end loop more -")
        self.copy(code, element, 0)
        code.emit(f"""
            local.get target i32.const {size} i32.add local.set target
            local.get source i32.const {size} i32.add local.tee source local.get end i32.ne br_if more
            end""")

    def _copy_case(self, code: Code, pair: Pair) -> None:
        ty = pair[0]
        assert isinstance(ty, VariantLikeType)
        size, payload = discriminant_size(len(ty._cases())), payload_of(ty)
        code.local("case")
        code.emit(f"local.get target local.get source {LOADS[size]} from local.tee case {STORES[size]} to")
        for part in self.cases(code, pair):
            if part is not None:
                self.copy(code, part, payload)
            code.emit("return")

    def cases(self, code: Code, pair: Pair) -> Iterator[Pair | None]:
        """Branch to the case in `case`, or trap; who takes a payload's type writes what is done then, and a return."""
        cases = [
            None if one is None or other is None else (one, other)
            for (_, one), (_, other) in zip(_cases_of(pair[0]), _cases_of(pair[1]), strict=True)
        ]
        kinds = list(dict.fromkeys(cases))
        if len(kinds) * len(cases) > _MOST_BRANCHES:
            raise TooLargeError
        labels = {kind: f"case{number}" for number, kind in enumerate(kinds)}
        code.emit("block no_case -")
        for kind in reversed(kinds):
            code.emit(f"block {labels[kind]} -")
        targets = ",".join([*(labels[case] for case in cases), "no_case"])
        code.emit(f"local.get case br_table {targets}")
        for kind in kinds:
            code.emit("end")
            yield kind
        code.emit(f"end i32.const {int(Reason.INVALID_CASE)} local.get case call fail unreachable")

    # Pointers and lengths.

    def pointed(self, pair: Pair) -> str:
        """A function of pointer and length of a string, list or map at the source to those of its copy."""
        ty = pair[0]
        if isinstance(ty, String):
            return self._direction.string()
        return self._list(self._element(pair))

    @staticmethod
    def _element(pair: Pair) -> Pair:
        one, other = pair
        if isinstance(one, MapType) and isinstance(other, MapType):
            return pair_of(one), pair_of(other)
        return parts_of(pair)[0]

    def _list(self, element: Pair) -> str:
        name, code = self.begin("list", element, {"source": "i32", "length": "i32"}, 2)
        if code is None:
            return name
        layout = layout_of(element[0])
        code.local("start")
        code.local("target")
        code.local("size")
        code.emit(f"""
            local.get source
            local.get length i64.extend_i32_u i64.const {layout.size} i64.mul i32.const {layout.alignment}
            call {self._direction.span("list")} local.get source i32.sub local.set size
            i32.const {layout.alignment} local.get size call {self._direction.allocator()} local.tee start
            local.set target""")
        if is_plain(element[0]):
            code.emit("local.get target local.get source local.get size memory.copy to from")
        else:
            code.emit("local.get size if _ -")
            self.copy_elements(code, element, "local.get source local.get size i32.add")
            code.emit("end")
        code.emit("local.get start local.get length")
        return name

    # Core values.

    def pass_on(self, code: Code, pair: Pair, names: Sequence[str]) -> None:
        """Leave the core values of a value on the stack, which the source has in the variables of these names."""
        ty = pair[0]
        if isinstance(ty, RecordType | TupleType):
            start = 0
            for part in parts_of(pair):
                count = len(layout_of(part[0]).flat or ())
                self.pass_on(code, part, names[start : start + count])
                start += count
        elif isinstance(ty, ListType) and ty._length is not None:
            count = len(names) // ty._length
            for start in range(0, len(names), count):
                self.pass_on(code, parts_of(pair)[0], names[start : start + count])
        else:
            code.emit(" ".join(f"local.get {name}" for name in names))
            if isinstance(ty, VariantLikeType):
                code.emit(f"call {self._passer(pair)}")
            elif isinstance(ty, String | ListType | MapType):
                code.emit(f"call {self.pointed(pair)}")
            else:
                code.emit(_NARROW.get(type(ty), ""))
                self.check(code, pair)

    def _passer(self, pair: Pair) -> str:
        """A function of the core values of a variant to those that the target gets."""
        name, code = self.begin("pass", pair, self.slots_of(pair), layout_of(pair[0]).flat or ())
        if code is None:
            return name
        for part in self.cases(code, pair):
            if part is not None:
                self.pass_on(code, part, self.take_apart(code, pair, part))
            self.join(code, pair, part)
        return name

    @staticmethod
    def slots_of(pair: Pair) -> dict[str, str]:
        """Names and types of the core values of a variant."""
        return {"case": "i32"} | {f"slot{i}": kind for i, kind in enumerate((layout_of(pair[0]).flat or ())[1:])}

    @staticmethod
    def take_apart(code: Code, pair: Pair, part: Pair) -> list[str]:
        """Names of variables with the core values of a payload, which are in the slots of its variant."""
        slots = (layout_of(pair[0]).flat or ())[1:]
        given = layout_of(part[0]).flat or ()
        names = [code.local(f"{kind}_{i}", kind) for i, kind in enumerate(given)]
        for i, kind in enumerate(given):
            code.emit(f"local.get slot{i} {_FROM_JOINED.get((slots[i], kind), '')} local.set {names[i]}")
        return names

    @staticmethod
    def join(code: Code, pair: Pair, part: Pair | None) -> None:
        """Return the core values of a variant, of whose payload they are on the stack."""
        slots = (layout_of(pair[0]).flat or ())[1:]
        given = (layout_of(part[0]).flat or ()) if part is not None else ()
        names = [code.local(f"{kind}_{i}", kind) for i, kind in enumerate(given)]
        code.emit(" ".join(f"local.set {found}" for found in reversed(names)))
        code.emit("local.get case")
        for i, kind in enumerate(slots):
            if i < len(given):
                code.emit(f"local.get {names[i]} {_TO_JOINED.get((given[i], kind), '')}")
            else:
                code.emit(f"i64.const 0 {_FROM_JOINED.get(('i64', kind), '')}")
        code.emit("return")

    def check(self, code: Code, pair: Pair) -> None:
        """Check or change the core value on the stack of a type that has one, and no payload."""
        ty = pair[0]
        if isinstance(ty, Bool):
            code.emit("i32.const 0 i32.ne")
        elif isinstance(ty, Char):
            code.emit(f"call {self._direction.char()}")
        elif isinstance(ty, FlagsType):
            code.emit(f"i32.const {(1 << len(ty._names)) - 1} i32.and")
        elif isinstance(ty, EnumType):
            code.local("number")
            code.emit(f"""local.tee number i32.const {len(ty._names)} i32.ge_u if _ -
                i32.const {int(Reason.INVALID_CASE)} local.get number call fail unreachable end local.get number""")
        elif isinstance(ty, MOVED):
            kind = self._direction.prefix, pair
            if kind not in self._handles:
                self._handles.append(kind)
            code.local("index")
            code.emit(f"local.set index i32.const {self._handles.index(kind)} local.get index call handle")

    def begin(
        self, kind: str, pair: Pair, params: dict[str, str], results: int | Iterable[str]
    ) -> tuple[str, Code | None]:  # fmt: skip
        """The name of a function for a type, and its code if it has none yet."""
        name = self._names.get((kind, pair))
        if name is not None:
            return name, None
        name = self._names[kind, pair] = f"{kind}{len(self._names)}"
        return name, self._direction.begin(name, params, results)


def _cases_of(ty: ValType) -> tuple[tuple[str, ValType | None], ...]:
    assert isinstance(ty, VariantLikeType)
    return ty._cases()
