"""Writes one function as LLVM's text: blocks, values and variables. The rules for nodes are in the other files.

Text, and not an object per instruction: a build lowers thousands of small functions, and this is
several times faster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fusee.kernel import tree
from fusee.kernel.lower.types import llvm_type, memory_type, record_type, result_items, result_type
from fusee.kernel.tree import Node, Specialised, Statement, Type, Variable

if TYPE_CHECKING:
    from fusee.kernel.lower.module import ModuleWriter

EXPRESSIONS: dict[type[Node], Callable[[FunctionWriter, Any], str]] = {}
STATEMENTS: dict[type[Statement], Callable[[FunctionWriter, Any], None]] = {}

UNLIKELY, LIKELY = "unlikely", "likely"


def lowers(kind: type[Any]) -> Callable[[Callable[[FunctionWriter, Any], Any]], Any]:
    """Register the rule for a kind of node or statement."""

    def register(rule: Callable[[FunctionWriter, Any], Any]) -> Any:
        (EXPRESSIONS if issubclass(kind, Node) else STATEMENTS)[kind] = rule
        return rule

    return register


class FunctionWriter:
    """The function being written."""

    def __init__(self, module: ModuleWriter, function: Specialised) -> None:
        self.module = module
        self.types = module.types
        self.function = function
        self.head: list[str] = []  # allocations, which belong into the entry block
        self.lines: list[str] = []
        self.names = 0
        self.block = "entry"
        self.ended = False  # the current block has its terminator
        self.reached: set[str] = set()  # labels that something jumps to
        self.values: dict[Variable, str] = {}  # of what is written once
        self.slots: dict[Variable, str] = {}  # where the others are
        self.loops: list[tuple[str, str]] = []  # (break, continue) labels
        self.raises = False  # the block "raise" is needed
        self.location = ""  # suffix of every instruction: its place in the source
        self.line = function.line

    # --- instructions --------------------------------------------------------------------------

    def emit(self, text: str) -> None:
        """Append an instruction without a result."""
        self.lines.append(f"  {text}{self.location}")

    def value(self, text: str) -> str:
        """Append an instruction; its result."""
        self.names += 1
        name = f"%v{self.names}"
        self.lines.append(f"  {name} = {text}{self.location}")
        return name

    def allocate(self, type_: str, alignment: int = 0) -> str:
        """Room on the stack for the time of the call."""
        self.names += 1
        name = f"%s{self.names}"
        suffix = f", align {alignment}" if alignment else ""
        self.head.append(f"  {name} = alloca {type_}{suffix}")
        return name

    def label(self) -> str:
        """A name for a new block."""
        self.names += 1
        return f"b{self.names}"

    def begin(self, label: str) -> None:
        """Start a block; falls through from the one before."""
        if not self.ended:
            self.jump(label)
        self.lines.append(f"{label}:")
        self.block, self.ended = label, False

    def begin_if_reached(self, label: str) -> None:
        """Start a block unless nothing leads to it; then what follows is dead and `ended` stays."""
        if label in self.reached or not self.ended:
            self.begin(label)

    def jump(self, label: str) -> None:
        if not self.ended:
            self.emit(f"br label %{label}")
            self.reached.add(label)
            self.ended = True

    def branch(self, condition: str, then: str, other: str, weight: str = "") -> None:
        """A conditional branch; `weight` says if the first arm is likely or unlikely."""
        suffix = f", !prof !{self.module.weights(weight)}" if weight else ""
        self.emit(f"br i1 {condition}, label %{then}, label %{other}{suffix}")
        self.reached.update((then, other))
        self.ended = True

    def end(self, text: str) -> None:
        """A terminator."""
        self.emit(text)
        self.ended = True

    def at(self, line: int) -> None:
        """The source line of what follows."""
        if line != self.line:
            self.line = line
            self.location = self.module.location(self.function, line)

    # --- nodes ---------------------------------------------------------------------------------

    def lower(self, node: Node) -> str:
        """The operand that holds an expression's value."""
        return EXPRESSIONS[type(node)](self, node)

    def typed(self, node: Node) -> str:
        """`lower` with the type in front."""
        return f"{llvm_type(node.type)} {self.lower(node)}"

    def statements(self, statements: list[Statement]) -> None:
        for statement in statements:
            if self.ended:
                return
            self.at(statement.line)
            STATEMENTS[type(statement)](self, statement)

    # --- variables -----------------------------------------------------------------------------

    def slot(self, variable: Variable) -> str:
        """Where a variable that is written more than once lives."""
        known = self.slots.get(variable)
        if known is None:
            kind = variable.type
            shape = record_type(kind) if isinstance(kind, tree.Record) else llvm_type(kind)
            known = self.slots[variable] = self.allocate(shape)
        return known

    def read(self, variable: Variable) -> str:
        known = self.values.get(variable)
        return known if known is not None else self.value(f"load {llvm_type(variable.type)}, ptr {self.slot(variable)}")

    def write(self, variable: Variable, operand: str) -> None:
        if variable.writes == 1 and not variable.is_parameter:
            self.values[variable] = operand
        else:
            self.emit(f"store {llvm_type(variable.type)} {operand}, ptr {self.slot(variable)}")

    def record_field(self, variable: Variable, name: str) -> tuple[str, str]:
        """The LLVM type and address of a register while it is in memory."""
        record = variable.type
        assert isinstance(record, tree.Record)
        index = list(record.fields).index(name)
        base = self.slot(variable)
        if index:
            base = self.value(f"getelementptr inbounds nuw {record_type(record)}, ptr {base}, i32 0, i32 {index}")
        return llvm_type(record.fields[name]), base

    def record_arguments(self, variable: Variable) -> str:
        """All registers, as arguments of a handler."""
        record = variable.type
        assert isinstance(record, tree.Record)
        parts = []
        for name in record.fields:
            type_, address = self.record_field(variable, name)
            parts.append(f"{type_} {self.value(f'load {type_}, ptr {address}')}")
        return ", ".join(parts)

    # --- memory --------------------------------------------------------------------------------

    def load(self, type_: Type, address: str, aligned: bool) -> str:
        alignment = self.types.alignment(type_) if aligned and not isinstance(type_, tree.Reference) else 1
        if isinstance(type_, tree.Reference):
            alignment = self.types.target.pointer_width
        loaded = self.value(f"load {memory_type(type_)}, ptr {address}, align {alignment}")
        return self.value(f"icmp ne i8 {loaded}, 0") if isinstance(type_, tree.Boolean) else loaded

    def store(self, type_: Type, operand: str, address: str, aligned: bool) -> None:
        if isinstance(type_, tree.Boolean):
            operand = self.value(f"zext i1 {operand} to i8")
        alignment = self.types.alignment(type_) if aligned and not isinstance(type_, tree.Reference) else 1
        if isinstance(type_, tree.Reference):
            alignment = self.types.target.pointer_width
        self.emit(f"store {memory_type(type_)} {operand}, ptr {address}, align {alignment}")

    # --- errors --------------------------------------------------------------------------------

    def propagate(self, status: str) -> None:
        """Leave with a status that is not zero."""
        self.emit(f"store i64 {status}, ptr {self.status_slot()}")
        self.jump("raise")

    def status_slot(self) -> str:
        if not self.raises:
            self.raises = True
            self.head.append("  %status = alloca i64")
        return "%status"

    def propagate_if_any(self, status: str) -> None:
        """Go on only if a called kernel raised nothing."""
        failed = self.value(f"icmp ne i64 {status}, 0")
        raising, going = self.label(), self.label()
        self.branch(failed, raising, going, UNLIKELY)
        self.begin(raising)
        self.propagate(status)
        self.begin(going)

    # --- the whole -----------------------------------------------------------------------------

    def write_body(self) -> list[str]:
        """The lines between the braces."""
        self.location = self.module.location(self.function, self.line)
        self._take_parameters()
        self.statements(self.function.body)
        if not self.ended:
            self.end("unreachable")
        if self.raises:
            self._write_raise()
        return ["entry:", *self.head, *self.lines]

    def _take_parameters(self) -> None:
        for variable in self.function.parameters:
            name = f"%p{variable.index}"
            if isinstance(variable.type, tree.Record):
                self._take_record(variable)
            elif variable.writes:
                self.emit(f"store {llvm_type(variable.type)} {name}, ptr {self.slot(variable)}")
            else:
                self.values[variable] = name

    def _take_record(self, variable: Variable) -> None:
        if not self.function.handler:  # an inline kernel works on its caller's
            self.slots[variable] = f"%p{variable.index}"
            return
        assert isinstance(variable.type, tree.Record)
        for index, name in enumerate(variable.type.fields):
            type_, address = self.record_field(variable, name)
            self.emit(f"store {type_} %r{index}, ptr {address}")

    def _write_raise(self) -> None:
        self.lines.append("raise:")
        self.ended = False
        status = self.value("load i64, ptr %status")
        function = self.function
        if function.handler:
            assert function.raises_to is not None and function.status is not None
            record = function.parameters[0]
            type_, address = self.record_field(record, function.status)
            self.emit(f"store {type_} {status}, ptr {address}")
            self.tail(self.module.symbol(function.raises_to), record)
        elif result_items(function):
            shape = result_type(function)
            self.end(f"ret {shape} {self.value(f'insertvalue {shape} poison, i64 {status}, 0')}")
        else:
            self.end(f"ret i64 {status}")

    def tail(self, code: str, record: Variable) -> None:
        """Jump to a handler with all registers."""
        arguments = self.record_arguments(record)
        self.emit(f"musttail call {self.module.handler_convention} void {code}({arguments})")
        self.end("ret void")
