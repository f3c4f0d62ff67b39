"""Where operands live: the forms, and the combinations of forms that an instruction exists in.

The same numbers serve both register banks; an operand's type says which. `ACC` is the accumulator
(`acc` or `facc`), `PIN` to `PIN + 3` the pinned registers, which hold a function's most used locals.
"""

from itertools import product
from typing import Final, NamedTuple

from fusee.engine.isa.selection import chosen
from fusee.engine.state.code import MOST_PINS
from fusee.kernel.lang import u8, u32

ACC: Final = u8(0)
PIN: Final = 1
PINS: Final = u32(chosen().pins)  # so many of them are used
SLOT: Final = u8(PIN + MOST_PINS)
CONST: Final = u8(SLOT + 1)
FORMS: Final = CONST + 1
MOST_LEAVES: Final = 3  # operands of an instruction, which a tree may have
NOWHERE: Final = u8(7)  # no result, or no operand
SIGNED_SLOT: Final = 8  # in handlers: a slot whose number is read as the constants beside it (`isa.fields`)

FORM_NAMES: Final = ("a", *(f"r{pin}" for pin in range(MOST_PINS)), "s", "c")

# Letters stand for the kinds of places, the pins together: what exists, exists for every pin.
PLACES: Final[dict[str, tuple[int, ...]]] = {
    "a": (int(ACC),), "p": tuple(range(PIN, PIN + PINS)), "s": (int(SLOT),), "c": (int(CONST),), "-": (int(NOWHERE),),
}  # fmt: skip
LETTERS: Final = {form: letter for letter, forms in PLACES.items() for form in forms}
READ: Final = "aps"
READ_CONST: Final = "apsc"
READ_FLOAT: Final = READ_CONST if chosen().has_float_constants else READ
EVERYWHERE: Final = "aps"  # destinations
ACC_ONLY: Final = "a"
ACC_OR_SLOT: Final = "as"
NO_RESULT: Final = "-"


class Shape(NamedTuple):
    """The combinations of source forms in which an instruction has handlers: a letter of `PLACES` for each source.

    Of a `mirrored` pair of operands, given by the place plus one of its first, only one order exists.
    """

    name: str
    combinations: tuple[str, ...]
    mirrored: int = 0

    def place_of(self, letter: str) -> int:
        """Place plus one of the operand that is there in every combination; 0 if there is none."""
        places = range(len(self.combinations[0]))
        return next((n + 1 for n in places if all(c[n] == letter for c in self.combinations)), 0)


def in_order(forms: tuple[int, ...], mirrored: int) -> bool:
    """Whether the forms of a mirrored pair are in the order that exists."""
    return not mirrored or forms[mirrored - 1] <= forms[mirrored]


def expand(letters: str, mirrored: int = 0) -> list[tuple[int, ...]]:
    """The forms that a combination of letters stands for, in the order of their handlers.

    Later places change faster; but of two pins that are a mirrored pair, the second changes more slowly.
    """
    places = [PLACES[letter] for letter in letters]
    found = [forms for forms in product(*places) if in_order(forms, mirrored)]
    if mirrored and letters[mirrored - 1 : mirrored + 1] == "pp":
        found.sort(key=lambda forms: (*forms[: mirrored - 1], forms[mirrored], *forms[mirrored - 1 :]))
    return found


def _shape(name: str, *sources: str, mirrored: int = 0, banks: bool = False) -> Shape:
    """All combinations with at most one accumulator, unless the operands are in different `banks`."""
    order = READ_CONST.index
    combinations = [
        "".join(letters)
        for letters in product(*sources)
        if (banks or letters.count("a") < 2)
        and not (mirrored and order(letters[mirrored - 1]) > order(letters[mirrored]))
    ]
    return Shape(name, tuple(combinations), mirrored)


NULLARY: Final = Shape("nullary", ("",))
UNARY: Final = _shape("unary", READ)
UNARY_CONST: Final = _shape("unary_const", READ_CONST)
UNARY_ACC: Final = _shape("unary_acc", "a")
BINARY: Final = _shape("binary", READ, READ)
BINARY_CONST: Final = _shape("binary_const", READ, READ_CONST)
COMMUTATIVE: Final = _shape("commutative", READ, READ_CONST, mirrored=1)
FLOATS: Final = Shape("floats", tuple(c for c in _shape("floats", READ_FLOAT, READ_FLOAT).combinations if c != "cc"))
FLOATS_COMMUTATIVE: Final = _shape("floats_commutative", READ, READ_FLOAT, mirrored=1)
WITH_CONST: Final = _shape("with_const", READ, "c")
FROM_CONST: Final = Shape("from_const", (*BINARY.combinations, "ca", "cp", "cs"))
CONSTS: Final = _shape("consts", READ_CONST, READ_CONST)
BANKS: Final = _shape("banks", READ_CONST, READ_FLOAT, banks=True)  # address and value in different banks
CHOICE: Final = _shape("choice", "psc", "psc", "a")  # a select whose condition is in `acc`
BANK_CHOICE: Final = _shape("bank_choice", "ps", "ps", "a")
RARE_UNARY: Final = _shape("rare_unary", "as")
RARE_BINARY: Final = _shape("rare_binary", "as", "as")
RARE_BINARY_CONST: Final = _shape("rare_binary_const", "as", "asc")
_VECTOR: Final = (READ if PINS != 0 else "as") if chosen().has_vector_forms else "s"
_RARE_VECTOR: Final = "as" if chosen().has_vector_forms else "s"
VECTOR_UNARY: Final = _shape("vector_unary", _VECTOR)
ROOMY: Final = chosen().has_vector_forms and PINS == MOST_PINS  # not on a watch
_VECTOR_CONST: Final = "c" if chosen().has_vector_forms else ""
VECTOR_BINARY: Final = _shape("vector_binary", READ if ROOMY else _RARE_VECTOR, _RARE_VECTOR + _VECTOR_CONST)
VECTOR_BY_CONSTANT: Final = (  # its second operand is mostly one
    Shape("vector_by_constant", tuple(dict.fromkeys((*VECTOR_BINARY.combinations, "pc"))))
    if chosen().has_vector_forms and PINS != 0
    else VECTOR_BINARY
)
VECTOR_COMMUTATIVE: Final = Shape(
    "vector_commutative",
    tuple(word for word in ("ap", "as", "ac", "ps", "pc", "ss", "sc") if ROOMY or "p" not in word)
    if chosen().has_vector_forms
    else ("ss",),
    mirrored=1 if chosen().has_vector_forms else 0,
)
VECTOR_FREQUENT: Final = _shape("vector_frequent", _VECTOR, _VECTOR + _VECTOR_CONST)
VECTOR_FREQUENT_COMMUTATIVE: Final = _shape(
    "vector_frequent_commutative", _VECTOR, _VECTOR + _VECTOR_CONST, mirrored=1 if chosen().has_vector_forms else 0
)
VECTOR_PAIR: Final = _shape("vector_pair", _RARE_VECTOR, _RARE_VECTOR)
VECTOR_SHIFT: Final = (
    Shape("vector_shift", ("ac", "pc", "sc", "as", "ss"))  # most counts are constants
    if chosen().has_vector_forms and PINS != 0
    else _shape("vector_shift", _VECTOR, "s", banks=True)
)
VECTOR_INTO: Final = _shape("vector_into", _RARE_VECTOR, _RARE_VECTOR, banks=True)  # with an operand of any bank
LANE_OUT: Final = _shape("lane_out", READ if ROOMY else "s", "c")  # of a slot, it is a load
LANE_IN: Final = _shape("lane_in", _RARE_VECTOR, _RARE_VECTOR, "c", banks=True)
VECTOR_TERNARY: Final = _shape("vector_ternary", _RARE_VECTOR, _RARE_VECTOR, _RARE_VECTOR)
_HAS_PINNED_VECTORS: Final = chosen().has_vector_forms and PINS != 0


def _ternary(name: str, words: str, mirrored: int = 0) -> Shape:
    """An operation on three vectors that is worth more forms, where there are any."""
    return Shape(name, tuple(words.split()), mirrored) if _HAS_PINNED_VECTORS else VECTOR_TERNARY


# The third operand is what is added to, or a coefficient of a polynomial.
MULTIPLY_ADD: Final = _ternary("multiply_add", f"aps apc ass asp asc pss psa sss ssa ssp {'psp' if ROOMY else ''}", 1)
MULTIPLY_SUBTRACT: Final = _ternary("multiply_subtract", "ass asc pss psa sss ssa ssp", mirrored=1)
VECTOR_CHOICE: Final = _ternary("vector_choice", "aps ass pss psa sas sps spa sss ssa ssp")  # by the third
VECTOR_STORE: Final = _shape("vector_store", READ_CONST if chosen().has_vector_forms else "as", _VECTOR, banks=True)
LANE_INTO: Final = _shape("lane_into", READ, _RARE_VECTOR, banks=True)  # an address, and the vector that gets the lane
LANE_STORE: Final = _shape("lane_store", "ps", _RARE_VECTOR, banks=True)
NUMBERED_STORE: Final = _shape("numbered_store", READ, READ if ROOMY else "s", banks=True)  # of a lane by its number
FIELD_STORE: Final = _shape("field_store", READ, READ_FLOAT, banks=True)  # of a float; integers are BINARY_CONST
VECTOR_FIELD_STORE: Final = _shape("vector_field_store", "as", _RARE_VECTOR, banks=True)
INIT: Final = _shape("init", "a", "psc")
FLOAT_INIT: Final = _shape("float_init", "a", READ_FLOAT, banks=True)
VECTOR_INIT: Final = _shape("vector_init", "a", _RARE_VECTOR, banks=True)
_INDEX: Final = "psc" if ROOMY else "ps"
ARRAY_STORE: Final = _shape("array_store", "ps", _INDEX, "apsc" if ROOMY else "aps")
FLOAT_ARRAY_STORE: Final = _shape("float_array_store", "ps", _INDEX, READ, banks=True)
RARE_ARRAY_STORE: Final = _shape("rare_array_store", "s", "s", "as")
VECTOR_ARRAY_STORE: Final = _shape("vector_array_store", "s", "s", _RARE_VECTOR, banks=True)
STEP: Final = _shape("step", "ps", "c")
STEP_AND: Final = _shape("step_and", "ps", "c", "psc")
LATE_STEP: Final = _shape("late_step", "ps", "c", "c")
