"""The context in which one kernel's body is checked: names, flow, and the statements made so far."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from fusee.kernel.check.flow import MISSING, Flow, LoopContext
from fusee.kernel.check.folding import FOLDED
from fusee.kernel.check.static import Static, Value
from fusee.kernel.check.widening import is_wider, widened
from fusee.kernel.diagnostic import CompileError, span_of
from fusee.kernel.tree.expressions import Local, Node, RecordValue
from fusee.kernel.tree.functions import Specialised, Variable
from fusee.kernel.tree.statements import Statement
from fusee.kernel.tree.types import BOOL, Boolean, Float, Integer, Lanes, Record, Type, Vector, is_address

if TYPE_CHECKING:
    from fusee.kernel.check.checker import Checker

ExpressionRule = Callable[["Body", Any], Value]
StatementRule = Callable[["Body", Any], None]

EXPRESSIONS: dict[type[ast.expr], ExpressionRule] = {}
STATEMENTS: dict[type[ast.stmt], StatementRule] = {}


def expression(kind: type[ast.expr]) -> Callable[[ExpressionRule], ExpressionRule]:
    """Register the rule for a kind of expression."""

    def register(rule: ExpressionRule) -> ExpressionRule:
        EXPRESSIONS[kind] = rule
        return rule

    return register


def statement(kind: type[ast.stmt]) -> Callable[[StatementRule], StatementRule]:
    """Register the rule for a kind of statement."""

    def register(rule: StatementRule) -> StatementRule:
        STATEMENTS[kind] = rule
        return rule

    return register


class Body:
    """Checks the body of one specialised kernel; the rules for syntax live in the other files."""

    def __init__(
        self,
        checker: Checker,
        function: Specialised,
        syntax: ast.FunctionDef,
        names: dict[str, Any],
        type_arguments: dict[TypeVar, Any],
    ) -> None:
        self.checker = checker
        self.types = checker.types
        self.function = function
        self.syntax = syntax
        self.globals: dict[str, Any] = function.source.function.__globals__
        self.type_arguments = type_arguments
        self.variables: dict[str, Variable] = {v.name: v for v in function.parameters}
        self.flow = Flow(set(self.variables), names)
        self.loops: list[LoopContext] = []
        self.block: list[Statement] = function.body
        self._fold = checker.folding.evaluate
        self.assignment_counts = checker.assignment_counts(syntax)

    # --- errors --------------------------------------------------------------------------------

    def error(self, node: ast.AST, message: str, hint: str = "") -> CompileError:
        """The error to raise about `node`."""
        return CompileError(message, span_of(self.function.file, node), hint)

    def unsupported(self, node: ast.AST, what: str, hint: str = "") -> NoReturn:
        raise self.error(node, f"{what} is not part of the kernel language", hint)

    def text(self, node: ast.AST) -> str:
        """The source of `node`, for messages."""
        return ast.unparse(node)

    # --- expressions ---------------------------------------------------------------------------

    def value(self, node: ast.expr) -> Value:
        """Check an expression."""
        kind = type(node)
        if kind in FOLDED:
            folded = self._fold(node, self.flow.statics, self.variables, self.globals)
            if folded is not NotImplemented:
                return Static(folded)
        rule = EXPRESSIONS.get(kind)
        if rule is None:
            self.unsupported(node, _KINDS.get(type(node), f"`{type(node).__name__}`"))
        return rule(self, node)

    def node(self, node: ast.expr) -> Node:
        """Check an expression that must have a type of its own."""
        return self.typed(self.value(node), node)

    def node_of(self, node: ast.expr, wanted: Type, widens: bool = False) -> Node:
        """Check an expression that must be of type `wanted`; untyped numbers take it."""
        return self.coerce(self.value(node), wanted, node, widens)

    def typed(self, value: Value, node: ast.expr) -> Node:
        """`value` as run-time value; a bare number has no type and is an error."""
        if isinstance(value, Node):
            return value
        constants = self.checker.constants
        static = constants.node(self, value.value, node) or constants.code(self, value.value, node)
        if static is None:
            raise self.error(node, *self._untyped(value.value, node))
        return static

    def _untyped(self, value: Any, node: ast.expr) -> tuple[str, str]:
        if isinstance(value, int):
            return f"`{self.text(node)}` has no type", f"say which: `u32({self.text(node)})`"
        if isinstance(value, float):
            return f"`{self.text(node)}` has no type", f"say which: `f64({self.text(node)})`"
        if value is None:
            return "`None` is not a value", "a null pointer is `null(Ptr[T])`"
        return f"`{self.text(node)}` is known only at compile time", "it cannot be used as a value at run time"

    def coerce(self, value: Value, wanted: Type, node: ast.expr, widens: bool = False) -> Node:
        """`value` as a `wanted`, where untyped static values adapt; narrower integers do where it `widens`."""
        if isinstance(value, Static):
            value = self.checker.constants.coerced(self, value.value, wanted, node)
        if value.type is not wanted:
            if widens and is_wider(wanted, value.type):
                return widened(self, value, wanted, node)
            raise self.error(
                node, f"expected `{wanted}`, got `{value.type}`", self.conversion_hint(value.type, wanted, node)
            )
        return value

    def conversion_hint(self, have: Type, want: Type, node: ast.expr) -> str:
        """How to turn a `have` into a `want`, if there is a way."""
        numbers = Integer | Float
        if isinstance(have, Integer | Boolean) and isinstance(want, numbers):
            return f"convert it: `{want}({self.text(node)})`"
        if isinstance(have, Float) and isinstance(want, Float):
            return f"convert it: `{want}({self.text(node)})`"
        if isinstance(have, Float) and isinstance(want, Integer):
            return f"convert it: `trunc_to({want}, …)`, `trunc_sat({want}, …)` or `bitcast({want}, …)`"
        if isinstance(have, Integer) and isinstance(want, Boolean):
            return f"compare it: `{self.text(node)} != 0`"
        if isinstance(have, Lanes) and isinstance(want, Lanes) and isinstance(have.element, Float):
            return f"convert it: `trunc_sat({want}, {self.text(node)})`; or see its bits: `bitcast({want}, …)`"
        if isinstance(have, Vector) and isinstance(want, Vector):
            return f"see its bits as others: `bitcast({want}, {self.text(node)})`"
        if isinstance(want, Lanes) and have is want.element:
            return f"in all lanes it is `splat({want}, {self.text(node)})`"
        if is_address(have) and is_address(want):
            return f"reinterpret it: `cast({want}, {self.text(node)})`"
        return ""

    def condition(self, node: ast.expr) -> Value:
        """Check a condition: a static truth value or a `bool`."""
        value = self.value(node)
        if isinstance(value, Static):
            return Static(bool(value.value))
        if value.type is not BOOL:
            hint = f"compare it: `{self.text(node)} != 0`" if isinstance(value.type, Integer) else ""
            if is_address(value.type):
                hint = f"ask `is_null({self.text(node)})`"
            if isinstance(value.type, Lanes):
                hint = f"ask for any lane: `any_bits({self.text(node)})`"
            raise self.error(node, f"a condition must be a `bool`, got `{value.type}`", hint)
        return value

    # --- names ---------------------------------------------------------------------------------

    def lookup(self, node: ast.Name) -> Value:
        """The meaning of a name: a local, a static local, or something of the module."""
        name = node.id
        flow = self.flow
        if name in flow.statics:
            return Static(flow.statics[name])
        variable = self.variables.get(name)
        if variable is not None:
            if name not in flow.assigned and flow.reachable:
                raise self.error(node, f"`{name}` is not assigned on every path to here", "give it a value before")
            if isinstance(variable.type, Record):
                return RecordValue(variable.type, node.lineno, variable)
            return Local(variable.type, node.lineno, variable)
        found = self.globals.get(name, MISSING)
        if found is MISSING:
            found = getattr(builtins, name, MISSING)
        if found is not MISSING:
            return Static(self.type_arguments.get(found, found) if isinstance(found, TypeVar) else found)
        if name in self.assignment_counts:
            raise self.error(node, f"`{name}` is not assigned on every path to here", "give it a value before")
        if name in self.function.source.function.__code__.co_freevars:
            raise self.error(
                node, f"`{name}` belongs to an enclosing function: a kernel has no closure", "pass it as `Static[…]`"
            )
        raise self.error(node, f"`{name}` is not defined")

    def new_variable(self, name: str, type_: Type) -> Variable:
        """A fresh local; hidden ones have names that no source can have."""
        variable = Variable(name, type_, len(self.function.parameters) + len(self.function.variables))
        self.function.variables.append(variable)
        return variable

    def bind(self, name: str, type_: Type, node: ast.AST) -> Variable:
        """The local `name` about to be assigned a `type_`."""
        variable = self.variables.get(name)
        if variable is None:
            variable = self.variables[name] = self.new_variable(name, type_)
        elif variable.type is not type_:
            raise self.error(
                node,
                f"`{name}` is a `{variable.type}` and cannot become a `{type_}`",
                f"convert it: `{variable.type}(…)`"
                if is_wider(variable.type, type_)
                else "use another name for the second value",
            )
        self.flow.assigned.add(name)
        self.flow.statics.pop(name, None)
        return variable

    # --- statements ----------------------------------------------------------------------------

    def emit(self, made: Statement) -> None:
        """Append to the block being made; what cannot be reached is dropped."""
        if self.flow.reachable:
            self.block.append(made)

    def statements(self, nodes: list[ast.stmt]) -> None:
        """Check statements into the current block."""
        for node in nodes:
            if not self.flow.reachable:
                return
            rule = STATEMENTS.get(type(node))
            if rule is None:
                what, hint = _STATEMENT_KINDS.get(type(node), (f"`{type(node).__name__}`", ""))
                self.unsupported(node, what, hint)
            rule(self, node)

    def nested(self, nodes: list[ast.stmt], flow: Flow) -> list[Statement]:
        """Check a nested block starting with `flow`; `self.flow` is what holds at its end."""
        outer, self.block, self.flow = self.block, [], flow
        self.statements(nodes)
        made, self.block = self.block, outer
        return made


_KINDS: dict[type[ast.expr], str] = {
    ast.Lambda: "a `lambda`",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.Await: "`await`",
    ast.Yield: "`yield`",
    ast.YieldFrom: "`yield`",
    ast.JoinedStr: "a formatted string",
    ast.List: "a list",
    ast.Dict: "a dictionary",
    ast.Set: "a set",
    ast.Starred: "`*` in front of an expression",
    ast.NamedExpr: "`:=`",
    ast.Slice: "a slice",
}

_STATEMENT_KINDS: dict[type[ast.stmt], tuple[str, str]] = {
    ast.With: ("`with`", ""),
    ast.Try: ("`try`", "call with `caught(f, …)` to look at a status"),
    ast.Global: ("`global`", "keep state in a struct"),
    ast.Nonlocal: ("`nonlocal`", "keep state in a struct"),
    ast.FunctionDef: ("a nested function", "define the kernel in the module"),
    ast.ClassDef: ("a nested class", "define it in the module"),
    ast.Delete: ("`del`", ""),
    ast.Import: ("`import` in a kernel", "import at the top of the module"),
    ast.ImportFrom: ("`import` in a kernel", "import at the top of the module"),
    ast.Match: ("`match`", "write `if … elif …`; over one integer it becomes a jump table"),
}
