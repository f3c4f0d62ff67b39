"""Atomic instructions: on consecutive slots, with a memarg."""

from fusee.engine.decode.optables import CLASS, NATURAL_ALIGNMENT
from fusee.engine.isa.atomic import WITHOUT_RESULT
from fusee.engine.isa.memory import SPREAD
from fusee.engine.isa.table import NUMBER
from fusee.engine.translate.access import read_memarg, take_from_slots
from fusee.engine.translate.actions import ROW_SHIFT, WORD, arity_of, type_of
from fusee.engine.translate.encode import add_immediate, new_ins
from fusee.engine.translate.immediate import next_byte
from fusee.engine.translate.state import Translator
from fusee.engine.translate.values import canonical, push_canonical
from fusee.kernel.lang import kernel, u32

STORE, FENCE = (NUMBER[name] for name in WITHOUT_RESULT)


@kernel
def translate_atomic(t: Translator, index: u32) -> None:
    word = WORD[index]
    row = word >> ROW_SHIFT
    if row == FENCE:
        next_byte(t.reader)  # zero
        new_ins(t, row)
        return
    read_memarg(t)
    spread = take_from_slots(t, arity_of(word)) & SPREAD
    i = new_ins(t, row)
    add_immediate(i, t.offset)
    add_immediate(i, t.memory)
    add_immediate(i, canonical(t, t.height))
    add_immediate(i, spread | NATURAL_ALIGNMENT[CLASS[index]])
    if row != STORE:
        push_canonical(t, type_of(word))
