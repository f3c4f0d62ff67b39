"""How operations of `lang` are lowered: rules by their names, some for lanes and for certain machines."""

from __future__ import annotations

from collections.abc import Callable

from fusee.kernel.lower.function import FunctionWriter, lowers
from fusee.kernel.lower.types import llvm_type
from fusee.kernel.tree.expressions import Intrinsic
from fusee.kernel.tree.types import Lanes, Type

Rule = Callable[[FunctionWriter, Intrinsic, list[str]], str]
RULES: dict[str, Rule] = {}
LANE_RULES: dict[str, Rule] = {}
"""Those that differ where the first operand is lanes."""
MACHINE_RULES: dict[str, list[tuple[str, str, Rule]]] = {}
"""Those for machines with certain instructions, and lanes of a certain type; they come first."""


@lowers(Intrinsic)
def _intrinsic(writer: FunctionWriter, node: Intrinsic) -> str:
    operands = [writer.lower(operand) for operand in node.operands]
    rule = RULES.get(node.name)
    if operands and isinstance(node.operands[0].type, Lanes):
        rule = LANE_RULES.get(node.name, rule)
        for instructions, types, better in MACHINE_RULES.get(node.name, ()):
            if instructions in writer.module.instructions and types in ("", f"{node.operands[0].type}->{node.type}"):
                rule = better
                break
    assert rule is not None
    return rule(writer, node, operands)


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Register how an operation is lowered."""

    def register(function: Rule) -> Rule:
        for name in names:
            RULES[name] = function
        return function

    return register


def lane_rule(*names: str) -> Callable[[Rule], Rule]:
    """Register how an operation that scalars have too is lowered for lanes."""

    def register(function: Rule) -> Rule:
        for name in names:
            LANE_RULES[name] = function
        return function

    return register


def machine_rule(instructions: str, name: str, types: str = "") -> Callable[[Rule], Rule]:
    """Register how an operation is lowered where the machine has the named instructions; of several the first is taken.

    `types` are those of the first operand and the result: `f32x4->i32x4`.
    """

    def register(function: Rule) -> Rule:
        MACHINE_RULES.setdefault(name, []).append((instructions, types, function))
        return function

    return register


def suffix(t: Type) -> str:
    """A type in the name of an LLVM intrinsic."""
    if isinstance(t, Lanes):
        return f"v{t.count}{suffix(t.element)}"
    return {"float": "f32", "double": "f64"}.get(llvm_type(t), llvm_type(t))


def _type_in(argument: str) -> str:
    """The type before an operand's value."""
    return argument[: argument.index(">") + 1] if argument.startswith("<") else argument.partition(" ")[0]


def call(writer: FunctionWriter, name: str, result: str, *arguments: str) -> str:
    """A call of one of LLVM's own functions; an argument is its type and value."""
    types = ", ".join(_type_in(argument) for argument in arguments)
    writer.module.declare(name, f"declare {result} @{name}({types})")
    invocation = f"call {result} @{name}({', '.join(arguments)})"
    if result == "void":
        writer.emit(invocation)
        return ""
    return writer.value(invocation)
