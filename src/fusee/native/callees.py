"""What is known of whom a call through a table or a reference may come to."""

from typing import Final, NamedTuple

from fusee.native.function import FunctionCompiler
from fusee.native.scan import MOST_IN_REGISTERS

MOST_FEW: Final = 8  # functions that are told apart one by one where one of them is called
MOST_CHOICES: Final = 64  # calls of a function that are written so: each is as long as that many calls


class Callees(NamedTuple):
    """What is known of those of the right type that a call through a `Func` may come to."""

    only: int | None  # the index of the only one, which has native code
    few: tuple[int, ...]  # all of them, if there are some, but not many, each of the very type and with native code
    are_own: bool  # whether they belong to this instance
    may_hand_over: bool  # whether their native code may return `TAIL_CALL`


ANY: Final = Callees(None, (), False, True)


def callees_of(c: FunctionCompiler, type_index: int) -> Callees:
    """Those that a call by a table or reference may come to, of a type."""
    unit, module = c.unit, c.unit.module
    type_ = module.types[type_index]
    if module.referred is None or type_ is None:
        return ANY
    found = module.referred.get(type_, ())
    only = found[0] if len(found) == 1 and found[0] in unit.chosen else None
    are_few = 1 < len(found) <= MOST_FEW and c.choices < MOST_CHOICES
    are_few = are_few and len(type_.results) <= MOST_IN_REGISTERS  # each call takes the host's stack for more of them
    are_few = are_few and all(index in unit.chosen and module.func_types[index] == type_index for index in found)
    are_known = only is not None or not unit.options.grows
    are_own = all(index >= module.imported_funcs for index in found)
    may_hand_over = not (are_own and are_known and unit.handing_over.isdisjoint(found))
    return Callees(only, tuple(found) if are_few else (), are_own, may_hand_over)
