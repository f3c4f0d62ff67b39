"""Loops as the interpreter has them, which native code can go on in."""

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

from fusee.api.errors import WasmtimeError
from fusee.engine.state.code import CODE_START, Code
from fusee.engine.state.module import Module as ModuleState
from fusee.engine.state.runtime import Engine as EngineState
from fusee.kernel.memory import cast, view
from fusee.kernel.pointer import Ptr
from fusee.kernel.scalars import u32, usize
from fusee.native.code import Place

if TYPE_CHECKING:
    from fusee.api._native import HostNative


class Loop(NamedTuple):
    """A loop as the interpreter has it, and its function's frame."""

    function: int
    loop: int  # the offset of the instruction in the module
    cell: int  # the offset of its first cell in the function's code
    operands: int  # the slot of the operand stack's first entry
    spread: int  # each entry has two to the power of this slots
    slots: int  # of the frame
    integers: list[int]  # slots of pinned locals
    floats: list[int]
    wide_pins: int  # a mask of the floats that are vectors

    @property
    def place(self) -> Place:
        """What native code that goes on there has to know."""
        return Place(self.function, self.loop, self.operands, self.spread, self.slots)


def loop_cells(module: int, function: int) -> list[int]:
    """The offsets of its loops' first cells, of a function that has been translated; of others none."""
    from fusee.engine.runtime.codes import NOTE_BYTES  # with what a start has no use for

    state = view(ModuleState, module)
    start = int(state.code_table[function]) if state.code_table.address else 0
    if start == 0:
        return []
    code = start - CODE_START
    notes = cast(Ptr[u32], usize(code + int(view(Code, code).size) + NOTE_BYTES - 4))
    return [int(notes[1 + number]) for number in range(int(notes[0]))]


def find_loops(
    native: "HostNative", module: int, heads: list[tuple[int, int]], is_metered: bool
) -> list[Loop]:  # fmt: skip
    """Translate functions of a module once more, which gives the same cells.

    By the translator of another engine: this one's is in use. Translating changes nothing in the module, which must not
    end meanwhile.
    """
    from fusee.engine.translate.state import Translator  # which knows the interpreter's instructions

    engine: int = native.open_engine(native.platform, is_metered)
    native.install_interpreter(engine)
    handlers, wanted = int(view(EngineState, engine).handlers.address), set(heads)
    found = []
    try:
        for function in dict.fromkeys(function for function, _ in heads):
            with contextlib.suppress(WasmtimeError):  # nobody has been there: the place was another module's
                address = native.translate_for_listing(engine, module, function, handlers)
                t: Any = view(Translator, address)
                places = [(int(t.heads[2 * n]), int(t.heads[2 * n + 1])) for n in range(int(t.head_count))]
                found += [_loop(t, function, loop, cell) for cell, loop in places if (function, cell) in wanted]
                native.keep_translator(engine, address)
    finally:
        native.uninstall_interpreter(engine)
        native.release_engine(engine)
    return found


def _loop(t: Any, function: int, loop: int, cell: int) -> Loop:
    from fusee.engine.isa.forms import PINS
    from fusee.engine.translate.state import V128

    integers = [int(t.pins[pin]) for pin in range(int(t.int_pins))]
    floats = [int(t.pins[PINS + pin]) for pin in range(int(t.float_pins))]
    wide = sum((int(t.locals[slot].type) == V128) << pin for pin, slot in enumerate(floats))
    return Loop(
        function, loop, cell, int(t.local_slots), int(t.spread), int(t.frame_slots),
        integers, floats, wide,
    )  # fmt: skip
