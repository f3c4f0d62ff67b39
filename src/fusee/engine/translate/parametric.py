"""Parametric instructions (spec 4.4.4): `drop`, `select`; and `nop`."""

from typing import Final

from fusee.engine.decode.types import read_value_type
from fusee.engine.isa.table import NUMBER
from fusee.engine.translate.accumulator import unload
from fusee.engine.translate.compute import materialize_top, push_emitted
from fusee.engine.translate.fuse import take_leaves
from fusee.engine.translate.immediate import next_u32
from fusee.engine.translate.rule import Rule
from fusee.engine.translate.state import IN_ACC, Translator, is_vector
from fusee.engine.translate.values import is_float, pop, release
from fusee.kernel.lang import kernel, span, u32
from fusee.spec import opcodes

SELECT: Final = u32(NUMBER["select"])
FSELECT: Final = u32(NUMBER["fselect"])
VSELECT: Final = u32(NUMBER["vselect"])


@kernel
def choose(t: Translator) -> None:
    """`select`; its condition is taken from the accumulator."""
    materialize_top(t, u32(3))
    condition = pop(t)
    second = pop(t)
    first = pop(t)
    type_ = t.values[first].type
    if is_float(type_):
        if t.values[first].kind == IN_ACC or t.values[second].kind == IN_ACC:
            unload(t, True)
    elif t.values[first].kind == IN_ACC or t.values[second].kind == IN_ACC:
        unload(t, False)
    take_leaves(t, first, second)
    t.leaves[2] = condition
    row = VSELECT if is_vector(type_) else FSELECT if is_float(type_) else SELECT
    push_emitted(t, row, u32(3), type_)


@kernel
def translate_select_t(t: Translator) -> None:
    for _ in span(next_u32(t.reader)):
        read_value_type(t.module, t.reader)
    choose(t)


@kernel
def translate_drop(t: Translator) -> None:
    release(t, pop(t))


@kernel
def translate_nop(t: Translator) -> None:
    pass


RULES: Final = [
    Rule(opcodes.DROP, translate_drop),
    Rule(opcodes.SELECT, choose),
    Rule(opcodes.SELECT_T, translate_select_t),
    Rule(opcodes.NOP, translate_nop),
]
