"""Copies values that are core values at one side and lie in memory at the other (CanonicalABI, "Flattening").

That is so in asynchronous calls: who lowers `async` has few core parameters and no core result, and `task.return` takes
as many core values as parameters can be.
"""

from collections.abc import Sequence
from typing import Final

from fusee.component.adapters.assembler import Code
from fusee.component.adapters.call import Pair
from fusee.component.adapters.places import LOADS, STORES, parts_of, payload_of, placed
from fusee.component.adapters.values import Values
from fusee.component.layout import discriminant_size, layout_of
from fusee.component.types.composite import ListType, MapType, RecordType, TupleType, VariantLikeType
from fusee.component.types.primitive import F32, F64, S8, S16, S64, U64, String
from fusee.component.types.valtype import ValType

_LOADS: Final[dict[type[ValType], str]] = {
    S8: "i32.load8_s", S16: "i32.load16_s", S64: "i64.load", U64: "i64.load", F32: "f32.load", F64: "f64.load",
}  # fmt: skip
_STORES: Final[dict[type[ValType], str]] = {
    S64: "i64.store", U64: "i64.store", F32: "f32.store", F64: "f64.store",
}  # fmt: skip


class FlatValues(Values):
    """The copying in one direction."""

    def load(self, code: Code, pair: Pair, at: int) -> None:
        """Leave the target's core values on the stack, of a value that lies `at` so many bytes behind `source`."""
        ty = pair[0]
        pieces = _pieces(pair, at)
        if pieces is not None:
            for start, part in pieces:
                self.load(code, part, start)
        elif isinstance(ty, VariantLikeType):
            code.emit(f"local.get source i32.const {at} i32.add call {self._loader(pair)}")
        elif isinstance(ty, String | ListType | MapType):
            code.emit(f"local.get source i32.load from+{at} local.get source i32.load from+{at + 4}")
            code.emit(f"call {self.pointed(pair)}")
        else:
            code.emit(f"local.get source {_LOADS.get(type(ty)) or LOADS[layout_of(ty).size]} from+{at}")
            self.check(code, pair)

    def _loader(self, pair: Pair) -> str:
        """A function of where a variant is to the core values that the target gets."""
        name, code = self.begin("load", pair, {"source": "i32"}, layout_of(pair[0]).flat or ())
        if code is None:
            return name
        size, payload = _discriminant(pair[0])
        code.local("case")
        code.emit(f"local.get source {LOADS[size]} from local.set case")
        for part in self.cases(code, pair):
            if part is not None:
                self.load(code, part, payload)
            self.join(code, pair, part)
        return name

    def store(self, code: Code, pair: Pair, names: Sequence[str], at: int) -> None:
        """Put a value `at` so many bytes behind `target`, whose core values are in the variables of these names."""
        ty = pair[0]
        pieces = _pieces(pair, at)
        if pieces is not None:
            start = 0
            for place, part in pieces:
                count = len(layout_of(part[0]).flat or ())
                self.store(code, part, names[start : start + count], place)
                start += count
            return
        given = " ".join(f"local.get {name}" for name in names)
        if isinstance(ty, VariantLikeType):
            code.emit(f"local.get target i32.const {at} i32.add {given} call {self._storer(pair)}")
        elif isinstance(ty, String | ListType | MapType):
            code.local("copied")
            code.emit(f"""
                local.get target {given} call {self.pointed(pair)} local.set copied i32.store to+{at}
                local.get target local.get copied i32.store to+{at + 4}""")
        else:
            code.emit(f"local.get target {given}")
            self.check(code, pair)
            code.emit(f"{_STORES.get(type(ty)) or STORES[layout_of(ty).size]} to+{at}")

    def _storer(self, pair: Pair) -> str:
        """A function of where a variant goes to, and of its core values."""
        slots = self.slots_of(pair)
        name, code = self.begin("store", pair, {"target": "i32"} | slots, 0)
        if code is None:
            return name
        size, payload = _discriminant(pair[0])
        code.emit(f"local.get target local.get case {STORES[size]} to")
        for part in self.cases(code, pair):
            if part is not None:
                self.store(code, part, self.take_apart(code, pair, part), payload)
            code.emit("return")
        return name


def _pieces(pair: Pair, at: int) -> list[tuple[int, Pair]] | None:
    """Where the parts of a value are that begins somewhere, if it has nothing but parts."""
    ty = pair[0]
    if isinstance(ty, RecordType | TupleType):
        return list(placed(parts_of(pair), at))
    if isinstance(ty, ListType) and ty._length is not None:
        return list(placed(parts_of(pair) * ty._length, at))
    return None


def _discriminant(ty: ValType) -> tuple[int, int]:
    assert isinstance(ty, VariantLikeType)
    return discriminant_size(len(ty._cases())), payload_of(ty)
