"""Where operands live: the forms, and the combinations of forms that an instruction exists in.

The same numbers serve both register banks; an operand's type says which. `ACC` is the accumulator
(`acc` or `facc`), `PIN` to `PIN + 3` the pinned registers, which hold a function's most used locals.
"""

from dataclasses import dataclass
from itertools import product
from typing import Final

from fusee.engine.isa.selection import chosen

ACC: Final = 0
PIN: Final = 1
MOST_PINS: Final = 4  # in each bank (11 integer arguments are the most that x86-64 passes)
PINS: Final = chosen().pins  # so many of them are used
SLOT: Final = PIN + MOST_PINS
CONST: Final = SLOT + 1
FORMS: Final = CONST + 1
NOWHERE: Final = 7  # no result, or no operand

FORM_NAMES: Final = ("a", *(f"r{pin}" for pin in range(MOST_PINS)), "s", "c")

READ: Final = (ACC, *range(PIN, PIN + PINS), SLOT)
READ_CONST: Final = (*READ, CONST)
EVERYWHERE: Final = READ  # destinations
ACC_ONLY: Final = (ACC,)
NO_RESULT: Final = (NOWHERE,)

RADIX_BITS: Final = 3
MISSING: Final = 0xFF


@dataclass(frozen=True)
class Shape:
    """The combinations of source forms in which an instruction has handlers, in the order of their numbers."""

    name: str
    combinations: tuple[tuple[int, ...], ...]

    def index_table(self) -> list[int]:
        """Number of a combination by `first | second << 3 | third << 6`, `MISSING` where there is none."""
        numbers = [MISSING] * (1 << len(self.combinations[0]) * RADIX_BITS)
        for number, forms in enumerate(self.combinations):
            numbers[sum(form << RADIX_BITS * place for place, form in enumerate(forms))] = number
        return numbers

    def accumulator_place(self) -> int:
        """Place plus one of the operand that is in the accumulator in every combination; 0 if there is none."""
        return next((n + 1 for n in range(len(self.combinations[0])) if all(c[n] == ACC for c in self.combinations)), 0)


def _one_accumulator(forms: tuple[int, ...]) -> bool:
    return forms.count(ACC) < 2


def _shape(name: str, *sources: tuple[int, ...], ordered: bool = False) -> Shape:
    """All combinations of `sources` with at most one accumulator; `ordered` leaves one of each mirrored pair."""
    combinations = [c for c in product(*sources) if _one_accumulator(c) and not (ordered and c[0] > c[1])]
    return Shape(name, tuple(combinations))


NULLARY: Final = Shape("nullary", ((),))
UNARY: Final = _shape("unary", READ)
UNARY_CONST: Final = _shape("unary_const", READ_CONST)
UNARY_ACC: Final = _shape("unary_acc", (ACC,))
BINARY: Final = _shape("binary", READ, READ)
BINARY_CONST: Final = _shape("binary_const", READ, READ_CONST)
BINARY_CONSTS: Final = Shape("binary_consts", BINARY_CONST.combinations + tuple((CONST, f) for f in READ))
COMMUTATIVE: Final = _shape("commutative", READ, READ_CONST, ordered=True)
WITH_CONST: Final = _shape("with_const", READ, (CONST,))
FROM_CONST: Final = Shape("from_const", BINARY.combinations + tuple((CONST, f) for f in READ))
CONSTS: Final = Shape("consts", tuple(c for c in product(READ_CONST, READ_CONST) if _one_accumulator(c)))
BANKS: Final = Shape("banks", tuple(product(READ_CONST, READ_CONST)))  # address and value in different banks
CHOICE: Final = Shape(
    "choice", tuple((a, b, ACC) for a, b in product(READ_CONST[1:], READ_CONST[1:]))
)  # a select whose condition is in `acc`
BANK_CHOICE: Final = Shape(
    "bank_choice", tuple((a, b, ACC) for a, b in product(READ[1:], READ[1:]))
)
STEP: Final = _shape("step", READ[1:], (CONST,))
STEP_AND: Final = _shape("step_and", READ[1:], (CONST,), READ_CONST[1:])
