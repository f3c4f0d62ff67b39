"""A row of the register instruction set, and the cell that encodes it."""

from collections.abc import Mapping, Sequence
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
HAS_FIELD_AHEAD: Final = chosen().has_field_ahead
"""Whether handlers get the first field of their cell in a register (`handlers.regs`), if it has four bytes."""

assert not HAS_FIELD_AHEAD or SLOT_FIELD_BYTES == 4
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
    is_pointer: bool = False


_SLOT: Final = _Field(SLOT_FIELD_BYTES, is_slot=True)
_GROUPS: Final = (16, 8, 4)
"""Sizes of fields in the order in which cells have them, those of slots behind."""


def _immediate_field(kind: str, pointer_bytes: int) -> _Field:
    if kind == "slot":
        return _SLOT
    if kind in IMMEDIATE_BYTES:
        return _Field(IMMEDIATE_BYTES[kind])
    return _Field(pointer_bytes, is_pointer=True)


def _operand_field(kind: str, form: int) -> _Field:
    """The field of an operand of type `kind` in `form`: a register needs none."""
    if form in (SLOT, SIGNED_SLOT):
        return _SLOT
    return _Field(_CONST_BYTES[kind] if form == CONST else 0)


def has_field_ahead(pointer_bytes: int) -> bool:
    """Whether cells begin with a field that is read ahead: AArch64 reads it together with an address of four bytes."""
    return HAS_FIELD_AHEAD and pointer_bytes == 4


def most_bytes(row: Row) -> int:
    """What a cell of the row takes at most, whatever its operand forms and the target's pointers."""
    immediates = sum(IMMEDIATE_BYTES.get(kind, 8) for kind in row.immediates)
    leaves = zip(row.sources, row.leaves or "c" * len(row.sources), strict=True)
    operands = sum(_CONST_BYTES[kind] if leaf == "c" else SLOT_FIELD_BYTES for kind, leaf in leaves)
    size = 8 + immediates + operands + SLOT_FIELD_BYTES
    return -(-size // 8) * 8


def _by_size(fields: Sequence[_Field]) -> list[int]:
    """The numbers of fields in the order of a cell: the larger ones first, slots last."""
    numbers = range(len(fields))
    by_size = [n for size in _GROUPS for n in numbers if fields[n].size == size and not fields[n].is_slot]
    return by_size + [n for n in numbers if fields[n].is_slot]


def _by_use(fields: Sequence[_Field], immediates: int) -> list[int]:
    """The same where the first field is read ahead.

    It is best one that no other is read together with: the result's slot, which is read when there is a result, or else
    the last operand's. Nor is an address, which only a branch that is taken reads.
    """
    operands = [n for n in reversed(range(immediates, len(fields))) if fields[n].is_slot]
    rest = [n for n in range(len(fields)) if n not in operands]
    fours = [n for n in rest if fields[n].size == 4 and not (fields[n].is_slot or fields[n].is_pointer)]
    ahead = [n for n in fours if n < immediates] + [n for n in rest if fields[n].is_slot]
    ahead += [n for n in fours if n >= immediates]
    larger = [n for size in (8, 16) for n in rest if fields[n].size == size]
    return operands + ahead + larger + [n for n in rest if fields[n].is_pointer]


@cache
def cell(row: Row, destination: int, forms: tuple[int, ...], pointer_bytes: int) -> Cell:
    """Lay out a cell: the handler's address, then 16-, 8- and 4-byte fields and those of slots, each in the order
    immediates, sources, result; or, where the first one is read ahead, as `_by_use` says. So every field is aligned to
    its size, those of 8 bytes and more to the pointer's."""
    fields = [_immediate_field(kind, pointer_bytes) for kind in row.immediates]
    count = len(fields)
    fields += [_operand_field(kind, form) for kind, form in zip(row.sources, forms, strict=True)]
    fields.append(_operand_field(row.result, destination))
    offsets = [0] * len(fields)
    position = pointer_bytes
    for number in _by_use(fields, count) if has_field_ahead(pointer_bytes) else _by_size(fields):
        offsets[number] = position
        position += fields[number].size
    end = -(-position // pointer_bytes) * pointer_bytes
    return Cell(tuple(offsets[:count]), tuple(offsets[count:-1]), offsets[-1], end)
