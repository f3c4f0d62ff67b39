"""A row of the register instruction set, and the cell that encodes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Final, NamedTuple

from fusee.engine.isa.forms import CONST, FORM_NAMES, NOWHERE, SIGNED_SLOT, SLOT, Shape, expand
from fusee.engine.isa.selection import chosen
from fusee.kernel.lang import u16, u32

FLOAT_TYPES: Final = ("f32", "f64", "v128")  # what is in the float bank

SLOT_FIELD: Final[Any] = u32 if chosen().has_wide_fields else u16
"""The type of the field of a slot's number, and of other immediates that are as small."""

SLOT_FIELD_BYTES: Final = 4 if chosen().has_wide_fields else 2
_CONST_BYTES: Final = {"i32": 4, "i64": 4, "f32": 4, "f64": 8, "v128": 16}  # i64 ones are sign-extended from 32 bits
IMMEDIATE_BYTES: Final = {"slot": SLOT_FIELD_BYTES, "u32": 4, "u64": 8}  # others: the target's width


@dataclass(frozen=True, eq=False)
class Row:
    """One register instruction in all of its operand forms.

    `family` names the handler that implements it; `evaluate` is its meaning for the families that
    compute. `sources` and `result` are operand types: i32, i64, f32, f64 or v128 (references are i64).
    """

    name: str
    family: str
    sources: tuple[str, ...]
    result: str  # empty: none
    shape: Shape
    destinations: str  # letters of `forms.PLACES`
    immediates: tuple[str, ...] = ()  # kinds, the larger ones first; a label is a code address within the function
    evaluate: Any = None
    commutes: bool = False
    into: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by destination, if that depends: the sources
    detail: Any = None  # what else the family needs to know: a width in bytes, a count of pins …

    # Trees (`isa.trees`): `outer` with its operand in `place` computed by `inner`
    outer: "Row | None" = None
    inner: "Row | None" = None
    place: int = 0
    leaves: str = ""  # `c` for those that are constants, `x` for the others
    chosen: tuple[str, ...] = ()  # the signatures that exist

    def __str__(self) -> str:
        return self.name

    __repr__ = __str__

    @cached_property
    def signatures(self) -> tuple[str, ...]:
        """In what the row exists: the letters of a destination and of each source (`forms.PLACES`)."""
        if self.outer is not None:
            return self.chosen
        return tuple(
            to + sources
            for to in self.destinations
            for sources in self.shape.combinations
            if sources in self.into.get(to, (sources,))
        )

    @cached_property
    def handlers(self) -> list[tuple[int, tuple[int, ...]]]:
        """Destination and source forms of each handler, in the order of their numbers."""
        return [
            (destination, forms)
            for signature in self.signatures
            for (destination,) in expand(signature[0])
            for forms in expand(signature[1:], self.shape.mirrored)
        ]

    def handler_name(self, destination: int, forms: tuple[int, ...]) -> str:
        """`<type>_<op>_<operand forms>`, the destination first: `add_r0_s_c`."""
        letters = [FORM_NAMES[destination]] if destination != NOWHERE else []
        return "_".join([self.name, *letters, *(FORM_NAMES[form] for form in forms)])


@dataclass(frozen=True)
class Cell:
    """Byte offsets of a cell's fields from its start, and its size."""

    immediates: tuple[int, ...]
    sources: tuple[int, ...]
    result: int
    size: int


class _Field(NamedTuple):
    """A field of a cell; without bytes: there is none."""

    size: int
    is_slot: bool = False


_SLOT: Final = _Field(SLOT_FIELD_BYTES, is_slot=True)
_GROUPS: Final = (_Field(16), _Field(8), _Field(4), _SLOT)
"""In the order in which cells have them."""


def _immediate_field(kind: str, pointer_bytes: int) -> _Field:
    if kind == "slot":
        return _SLOT
    return _Field(IMMEDIATE_BYTES.get(kind, pointer_bytes))


def _operand_field(kind: str, form: int) -> _Field:
    """The field of an operand of type `kind` in `form`: a register needs none."""
    if form in (SLOT, SIGNED_SLOT):
        return _SLOT
    return _Field(_CONST_BYTES[kind] if form == CONST else 0)


def most_bytes(row: Row) -> int:
    """What a cell of the row takes at most, whatever its operand forms and the target's pointers."""
    immediates = sum(IMMEDIATE_BYTES.get(kind, 8) for kind in row.immediates)
    leaves = zip(row.sources, row.leaves or "c" * len(row.sources), strict=True)
    operands = sum(_CONST_BYTES[kind] if leaf == "c" else SLOT_FIELD_BYTES for kind, leaf in leaves)
    size = 8 + immediates + operands + SLOT_FIELD_BYTES
    return -(-size // 8) * 8


@cache
def cell(row: Row, destination: int, forms: tuple[int, ...], pointer_bytes: int) -> Cell:
    """Lay out a cell: the handler's address, then 16-, 8- and 4-byte fields and those of slots, each in the order
    immediates, sources, result. So every field is aligned to its size, those of 8 bytes and more to the pointer's."""
    fields = [_immediate_field(kind, pointer_bytes) for kind in row.immediates]
    fields += [_operand_field(kind, form) for kind, form in zip(row.sources, forms, strict=True)]
    fields.append(_operand_field(row.result, destination))
    offsets = [0] * len(fields)
    position = pointer_bytes
    for group in _GROUPS:
        for number, wanted in enumerate(fields):
            if wanted == group:
                offsets[number] = position
                position += group.size
    end = -(-position // pointer_bytes) * pointer_bytes
    count = len(row.immediates)
    return Cell(tuple(offsets[:count]), tuple(offsets[count:-1]), offsets[-1], end)
