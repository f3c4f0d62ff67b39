"""What validation has told apart is one again: types of values that are equal are one object in what it leaves."""

from dataclasses import replace
from typing import Any

from fusee.component.binary.distinct import plain
from fusee.component.program import (
    Builtin,
    DefineComponent,
    Export,
    Exports,
    Import,
    InstantiateComponent,
    Lift,
    Lower,
    Program,
    Step,
)
from fusee.component.substitution import Substitution, Work
from fusee.component.types.valtype import ValType


class _Settling(Substitution):
    """Puts plain types in the place of distinct ones."""

    def item(self, item: Any) -> Any:
        return plain(item) if isinstance(item, ValType) else super().item(item)


def settle(program: Program, work: Work) -> Program:
    """A component, and those in it, without types that are `distinct`."""
    return _program(program, _Settling(work, {}))


def _program(program: Program, settling: _Settling) -> Program:
    return Program(settling.item(program.type), tuple(_step(step, settling) for step in program.steps))


def _step(step: Step, settling: _Settling) -> Step:
    if isinstance(step, DefineComponent):
        return DefineComponent(_program(step.program, settling))
    if isinstance(step, Lift | Lower | Import | Builtin):
        return replace(step, type=settling.item(step.type)) if step.type is not None else step
    if isinstance(step, Export):
        return replace(step, source=settling.item(step.source), type=settling.item(step.type))
    if isinstance(step, InstantiateComponent | Exports):
        return replace(step, types=settling.items(step.types)) if step.types else step
    return step
