"""A few functions at a time, while their module runs interpreted, as the process compiles them (`native/serving.py`).

A batch is linked to an image of its own; the code of one calls that of others through `Func.native`.
"""

import marshal
from collections.abc import Collection, Iterable
from itertools import dropwhile
from typing import NamedTuple, cast

from fusee.kernel.linker import link
from fusee.kernel.target import Target
from fusee.native.body import body_of
from fusee.native.callgraph import CALLED_BY_INDEX, CALLED_BY_TYPE
from fusee.native.code import Place, packed
from fusee.native.compile import Compiler, Plan, examine, reason_against
from fusee.native.function import FunctionCompiler
from fusee.native.module import FuncType, Module
from fusee.native.reader import Instruction
from fusee.native.resume import LoopCompiler, NotSupported
from fusee.native.scan import directly_in_loop
from fusee.native.unit import Options, Unit

MOST_FUNCTIONS = 200  # of a batch
MOST_TARGETS = 8  # that an indirect call may have, or else none of them is there for its sake
CALLEE_BYTES = 512  # of a function that is there because another calls it; longer ones are, if guests are seen there
LEAST_BYTES = 2 * CALLEE_BYTES  # for what is called, however long the loops are that go on
FULL_LINES = 500  # of LLVM's text, for which it does all it can at once: what that takes longer is 0.03 s


class Wish(NamedTuple):
    """What a batch shall have."""

    hot: list[int]  # functions, the hottest first
    loops: list[Place]  # of functions that are interpreted now
    done: list[int]  # functions that have native code, or cannot have it
    room: int  # for so many bytes of WebAssembly; the first of the functions may be larger
    is_metered: bool = False  # whether what is executed is paid for with fuel
    is_last: bool = False  # whether LLVM shall do all it can, however long that takes
    called: list[int] | None = None  # functions that have been called; the others need not be there, if any are

    def to_bytes(self) -> bytes:
        return marshal.dumps((self.hot, list(map(tuple, self.loops)), *self[2:]))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Wish":
        hot, loops, *others = marshal.loads(data)
        return cls(hot, [Place(*place) for place in loops], *others)


def choose(module: Module, wish: Wish) -> Plan:
    """The functions of a batch, and why others of those that are wished for cannot be in it.

    Those that are hot, then what is called in the loops themselves: guests in a function without a loop are seen at the
    next one, its caller's. And while there is room, what they call: it may be inlined, and is called in registers; and
    at last what they may call through a table, if that is one of a few.
    """
    inside = [call for place in wish.loops for call in _calls_inside(module, place)]
    others = [call for place in wish.loops for call in examine(module, place.function).calls]
    choice = _Choice(module, wish, inside)
    waiting = [*wish.hot, *choice.callees(inside), *choice.callees(others)]
    while waiting:
        choice.take(waiting)
        waiting = choice.targets()
    return Plan(module, [list(choice.chosen)], choice.reasons, choice.tail_callees)


def _calls_inside(module: Module, place: Place) -> list[Instruction]:
    """The calls in a loop, but for those in loops within it, at whose beginning guests would be seen."""
    instructions = body_of(module, place.function).instructions
    found = directly_in_loop(dropwhile(lambda one: one.offset < place.loop, instructions))
    return [one for one in found if one.op.mnemonic in CALLED_BY_INDEX or one.op.mnemonic in CALLED_BY_TYPE]


class _Choice:
    """What there is of a batch so far."""

    def __init__(self, module: Module, wish: Wish, inside: Iterable[Instruction]) -> None:
        self.module = module
        self.chosen: dict[int, None] = {}
        self.reasons: dict[int, str] = {}
        self.tail_callees: dict[int, frozenset[int]] = {}
        self._done = set(wish.done)
        self._types: dict[FuncType, None] = {}  # of indirect calls, of which targets have not been taken
        self._hot = frozenset(wish.hot)
        self._long = self._hot.union(self.callees(inside))  # those that there is room for if they are long, too
        self._called = None if wish.called is None else self._hot.union(wish.called)
        loops = sum(end - start for start, end in (module.body(place.function) for place in wish.loops))
        self._room = max(wish.room - loops, min(wish.room, LEAST_BYTES))

    def take(self, functions: Iterable[int]) -> None:
        """These, and what they call."""
        waiting = list(functions)
        for index in waiting:
            if index in self._done or index not in self.module.defined:
                continue
            if self._called is not None and index not in self._called:
                continue
            self._done.add(index)
            start, end = self.module.body(index)
            room = self._room if index in self._long else min(self._room, CALLEE_BYTES)
            may_be_larger = not self.chosen and index in self._hot
            if not may_be_larger and (end - start > room or len(self.chosen) == MOST_FUNCTIONS):
                continue
            seen = examine(self.module, index)
            if seen.reason:
                self.reasons[index] = seen.reason
                continue
            if seen.tail_callees:
                self.tail_callees[index] = seen.tail_callees
            self.chosen[index] = None
            self._room -= end - start
            waiting += self.callees(seen.calls)

    def callees(self, calls: Iterable[Instruction]) -> list[int]:
        """The functions that are called by their index, in the order of the calls."""
        found: dict[int, None] = {}
        for instruction in calls:
            if instruction.op.mnemonic in CALLED_BY_INDEX:
                found[cast(int, instruction.immediates[0])] = None
            else:
                type_ = self.module.types[cast(int, instruction.immediates[0])]
                assert type_ is not None
                self._types.setdefault(type_)
        return list(found)

    def targets(self) -> list[int]:
        """What may be called through tables by what was taken since it was asked for last."""
        wanted = [self.module.referenced.get(type_, []) for type_ in self._types]
        self._types.clear()
        few = [found for found in wanted if len(found) <= MOST_TARGETS]
        return [index for found in few for index in found if index not in self._done]


def batch_options(is_metered: bool = False, looks_ahead: bool = True) -> Options:
    return Options(Target.host(), grows=True, is_metered=is_metered, looks_ahead=looks_ahead)


class _Written(NamedTuple):
    """A batch as LLVM's text."""

    text: str
    functions: dict[int, tuple[str, str]]  # their entries' symbols, and their own
    loops: list[tuple[Place, str]]


def compile_batch(module: Module, wish: Wish) -> bytes:
    """The batch, as `native.code` maps it."""
    the_plan = choose(module, wish)
    compiler = Compiler(the_plan, batch_options(wish.is_metered, looks_ahead=wish.is_last))
    written = _write(compiler, wish)
    is_quick = not wish.is_last and written.text.count("\n") > FULL_LINES
    if not (is_quick or wish.is_last):
        # Copies of loops take LLVM time, too.
        written = _write(Compiler(the_plan, batch_options(wish.is_metered)), wish)
    made = compiler.machine.object(written.text, is_quick=is_quick)
    return packed(written.functions, the_plan.reasons, written.loops, link([made]), is_quick)


def _write(compiler: Compiler, wish: Wish) -> _Written:
    (chosen,), module, options = compiler.plan.units, compiler.plan.module, compiler.options
    unit = compiler.new_unit()
    unit.begin(chosen)
    for index in chosen:
        FunctionCompiler(unit, index).compile()
    loops = _compile_loops(unit, wish, compiler.plan.reasons)
    for type_index in sorted({module.func_types[index] for index in chosen}):
        unit.define_entry(type_index)
    functions = {
        index: (options.entry_symbol(module.func_types[index]), options.symbol(index)) for index in chosen
    }  # fmt: skip
    return _Written(unit.text(), functions, loops)


def _compile_loops(unit: Unit, wish: Wish, refused: Collection[int]) -> list[tuple[Place, str]]:
    """Those that can be, and symbols."""
    found = []
    for place in wish.loops:
        if place.function in refused or reason_against(unit.module, place.function):
            continue
        compiler = LoopCompiler(unit, place, may_leave=not wish.is_last)
        try:
            compiler.compile()
        except NotSupported:
            continue
        found.append((place, compiler.name))
    return found
