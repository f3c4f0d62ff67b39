"""From a module's bytes to object files with native code of its functions."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast

import fusee.native.access
import fusee.native.atomics
import fusee.native.calls
import fusee.native.control
import fusee.native.exceptions
import fusee.native.objects
import fusee.native.slots
import fusee.native.tail_calls
import fusee.native.vector  # noqa: F401  # these register their rules
from fusee.kernel.machine import Machine
from fusee.kernel.plain import Plain, field
from fusee.native.body import body_of
from fusee.native.callgraph import CALLED_BY_INDEX, CALLED_BY_TYPE
from fusee.native.function import FunctionCompiler
from fusee.native.kernels import kernels_for
from fusee.native.module import Module
from fusee.native.objects import reason_against as reason_against_object
from fusee.native.reader import Instruction, MalformedBytes
from fusee.native.rules import RULES, has_meaning
from fusee.native.scan import bytes_of_results
from fusee.native.sections import read_module
from fusee.native.tail_calls import UNKNOWN, handing_over
from fusee.native.unit import Options, Unit
from fusee.spec.features import Feature

MOST_RESULTS = 16  # of a function that has native code: more would make every call of it long
MOST_PARAMS = 64
MOST_LOCALS = 4000  # each may take room of the host's stack
MOST_BYTES = 1 << 18
MOST_RESULT_BYTES = 1 << 17  # of the host's stack, for results of all calls of a function (`bytes_of_results`)
UNIT_BYTES = 1 << 15  # of WebAssembly that become one object file


class Plan(Plain):
    """Which functions of a module get native code, in which units, and why others do not."""

    module: Module
    units: list[list[int]]
    reasons: dict[int, str]  # by the index of a function that stays interpreted
    tail_callees: dict[int, frozenset[int]] = field(default_factory=dict)  # of the chosen ones that have tail calls

    @property
    def chosen(self) -> frozenset[int]:
        return frozenset(index for unit in self.units for index in unit)


def plan(binary: bytes, wanted: Iterable[int] | None = None) -> Plan:
    """Choose functions of a valid module; of all that are defined if `wanted` is None."""
    module = read_module(binary)
    units: list[list[int]] = []
    reasons: dict[int, str] = {}
    tail_callees = {}
    room = 0
    for index in module.defined if wanted is None else sorted(set(wanted) & set(module.defined)):
        seen = examine(module, index)
        if seen.reason:
            reasons[index] = seen.reason
            continue
        if seen.tail_callees:
            tail_callees[index] = seen.tail_callees
        start, end = module.body(index)
        if room <= 0:
            units.append([])
            room = UNIT_BYTES
        units[-1].append(index)
        room -= end - start
    return Plan(module, units, reasons, tail_callees)


class Examined(NamedTuple):
    """What is known of a function before it is compiled."""

    reason: str  # why it stays interpreted; empty if it does not have to
    tail_callees: frozenset[int] = frozenset()
    calls: Sequence[Instruction] = ()


def reason_against(module: Module, index: int) -> str:
    """Why a function stays interpreted; empty if it does not have to."""
    return examine(module, index).reason


def examine(module: Module, index: int) -> Examined:
    """Look for what cannot be compiled."""
    type_ = module.type_of(index)
    start, end = module.body(index)
    if end - start > MOST_BYTES:
        return Examined("too large")
    if len(type_.params) > MOST_PARAMS or len(type_.results) > MOST_RESULTS:
        return Examined("too many parameters or results")
    body = body_of(module, index)
    if sum(count for count, _ in body.groups) > MOST_LOCALS:
        return Examined("too many locals")
    callees = set()
    calls = []
    for instruction in body.instructions:
        op = instruction.op
        if op.mnemonic not in RULES and not has_meaning(op):
            return Examined(op.mnemonic)
        if op.feature is Feature.GC and (reason := reason_against_object(module, instruction)):
            return Examined(reason)
        if op.mnemonic in CALLED_BY_INDEX or op.mnemonic in CALLED_BY_TYPE:
            calls.append(instruction)
        if op.mnemonic.startswith("return_call"):
            callees.add(cast(int, instruction.immediates[0]) if op.mnemonic == "return_call" else UNKNOWN)
    if bytes_of_results(calls, module.type_called) > MOST_RESULT_BYTES:
        return Examined("too many results of calls")
    return Examined("", frozenset(callees), calls)


class Compiler:
    """Compiles the units of a plan, one after the other."""

    def __init__(self, the_plan: Plan, options: Options) -> None:
        self.plan = the_plan
        self.options = options
        self.machine = Machine(options.target, for_this_process=options.for_this_process, for_guests=True)
        self.kernels = kernels_for(options.target, self.machine.instructions)
        self._handing_over = handing_over(the_plan.module, the_plan.tail_callees, the_plan.chosen, options)

    def new_unit(self, *, is_quick: bool = False) -> Unit:
        """One without functions; `is_quick`: and without copies of loops, which take LLVM time, too."""
        options = self.options._replace(looks_ahead=self.options.looks_ahead and not is_quick)
        return Unit(
            self.plan.module, self.plan.chosen, frozenset(self.plan.tail_callees), self._handing_over, self.kernels,
            options,
        )  # fmt: skip

    def text(self, number: int, *, is_quick: bool = False) -> str:
        """A unit as LLVM's text; `is_quick` as for `object`."""
        functions = self.plan.units[number]
        unit = self.new_unit(is_quick=is_quick)
        unit.begin(functions)
        for index in functions:
            self._compile(FunctionCompiler(unit, index))
        if number == 0:
            self._define_entries(unit)
        return unit.text()

    def _compile(self, function: FunctionCompiler) -> None:
        """Where registers have 32 bits, status and one result may be too many for them."""
        if not self.options.has_wide_registers:
            taken = bytes_of_results(function.instructions, self.plan.module.type_called, 0)
            if taken > MOST_RESULT_BYTES:
                function.compile_stand_in()
                return
        function.compile()

    def _define_entries(self, unit: Unit) -> None:
        for type_index in sorted({self.plan.module.func_types[index] for index in self.plan.chosen}):
            unit.define_entry(type_index)

    def stand_in(self, number: int) -> bytes:
        """An object file in place of a unit that cannot be compiled: its functions have the interpreter run them."""
        unit = self.new_unit()
        for index in self.plan.units[number]:
            FunctionCompiler(unit, index).compile_stand_in()
        if number == 0:
            self._define_entries(unit)
        return self.machine.object(unit.text())

    def object(self, number: int, *, is_quick: bool = False) -> bytes:
        """A unit as object file. `is_quick`: in haste, where all that LLVM can do takes it too long."""
        return self.machine.object(self.text(number, is_quick=is_quick), is_quick=is_quick)


__all__ = ["Compiler", "MalformedBytes", "Options", "Plan", "plan", "reason_against"]
