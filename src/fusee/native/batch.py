"""A few functions at a time, while their module runs interpreted: what the process does that compiles them.

A batch is linked to an image of its own; the code of one calls that of others through `Func.native`.
"""

import json
import os
import sys
import threading
from collections.abc import Collection, Iterable
from typing import NamedTuple

from fusee.kernel.linker import link
from fusee.kernel.target import Target
from fusee.native.code import packed
from fusee.native.compile import Compiler, Plan, examine, reason_against
from fusee.native.function import FunctionCompiler
from fusee.native.module import Module, read_module
from fusee.native.reader import Reader
from fusee.native.resume import LoopCompiler, NotSupported, Place
from fusee.native.unit import Options, Unit

MOST_FUNCTIONS = 200  # of a batch


class Wish(NamedTuple):
    """What a batch shall have."""

    hot: list[int]  # functions, the hottest first
    loops: list[Place]  # of functions that are interpreted now
    done: list[int]  # functions that have native code, or cannot have it
    room: int  # for so many bytes of WebAssembly; the first of the functions may be larger
    is_metered: bool = False  # whether what is executed is paid for with fuel

    def to_bytes(self) -> bytes:
        return json.dumps(self).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Wish":
        hot, loops, done, room, is_metered = json.loads(data)
        return cls(hot, [Place(*place) for place in loops], done, room, is_metered)


def choose(module: Module, wish: Wish) -> Plan:
    """The functions of a batch, and why others of those that are wished for cannot be in it.

    Those that are hot, and while there is room, what they call: it may be inlined, and is called in registers.
    """
    chosen: dict[int, None] = {}
    reasons: dict[int, str] = {}
    tail_callees = {}
    done, room, waiting = set(wish.done), wish.room, list(wish.hot)
    for index in waiting:
        if index in done or index not in module.defined:
            continue
        done.add(index)
        start, end = module.body(index)
        if chosen and (end - start > room or len(chosen) == MOST_FUNCTIONS):
            continue
        seen = examine(module, index)
        if seen.reason:
            reasons[index] = seen.reason
            continue
        if seen.tail_callees:
            tail_callees[index] = seen.tail_callees
        chosen[index] = None
        room -= end - start
        waiting += _callees(module, index)
    return Plan(module, [list(chosen)], reasons, tail_callees)


def _callees(module: Module, index: int) -> list[int]:
    """The functions that one calls by their index, in the order of the calls."""
    start, end = module.body(index)
    reader = Reader(module.binary, start, end)
    for _ in range(reader.u32()):
        reader.u32()
        reader.value_type()
    found = (ins.immediates[0] for ins in reader.instructions() if ins.op.mnemonic == "call")
    return [callee for callee in dict.fromkeys(found) if isinstance(callee, int)]


def compile_batch(binary: bytes, wish: Wish) -> bytes:
    """The batch, as `native.code` maps it."""
    the_plan = choose(read_module(binary), wish)
    module, (chosen,), reasons = the_plan.module, the_plan.units, the_plan.reasons
    options = Options(Target.host(), grows=True, is_metered=wish.is_metered)
    compiler = Compiler(the_plan, options)
    unit = compiler.new_unit()
    unit.begin(chosen)
    for index in chosen:
        FunctionCompiler(unit, index).compile()
    loops = _compile_loops(unit, wish.loops, reasons)
    for type_index in sorted({module.func_types[index] for index in chosen}):
        unit.define_entry(type_index)
    functions = {
        index: (options.entry_symbol(module.func_types[index]), options.symbol(index)) for index in chosen
    }  # fmt: skip
    return packed(functions, reasons, loops, link([compiler.machine.object(unit.text())]))


def _compile_loops(unit: Unit, places: Iterable[Place], refused: Collection[int]) -> list[tuple[int, int, str]]:
    """Functions, loops and symbols."""
    found = []
    for place in places:
        if place.function in refused or reason_against(unit.module, place.function):
            continue
        compiler = LoopCompiler(unit, place)
        try:
            compiler.compile()
        except NotSupported:
            continue
        found.append((place.function, place.loop, compiler.name))
    return found


def main() -> None:
    """Read a job from the file whose number is given, and write what is made of it; end when nobody waits any more."""
    import resource

    from fusee.native.worker import MEMORY_BYTES, SECONDS

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (int(SECONDS), int(SECONDS) + 1))
    os.nice(int(sys.argv[2]))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with open(int(sys.argv[1]), "rb") as file:
        wish_size, size = (int.from_bytes(file.read(8), "little") for _ in range(2))
        wish = Wish.from_bytes(file.read(wish_size))
        made = compile_batch(file.read(size), wish)
    sys.stdout.buffer.write(len(made).to_bytes(8, "little") + made)


def _end_with_parent() -> None:
    """Standard input is a pipe that nobody writes to: it ends with the process that has the other end."""
    os.read(0, 1)
    os._exit(1)
