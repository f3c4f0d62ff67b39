"""Writes one function: variables, registers, memory and errors. The rules for nodes are in the other files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fusee.kernel.lower.convention import RECORD
from fusee.kernel.lower.types import llvm_type, memory_type, result_items, result_type
from fusee.kernel.text import UNLIKELY, BlockWriter
from fusee.kernel.tree.expressions import Node
from fusee.kernel.tree.functions import Specialised, Variable
from fusee.kernel.tree.statements import Statement
from fusee.kernel.tree.types import Boolean, Record, Reference, Type

if TYPE_CHECKING:
    from fusee.kernel.lower.module import ModuleWriter

EXPRESSIONS: dict[type[Node], Callable[[FunctionWriter, Any], str]] = {}
STATEMENTS: dict[type[Statement], Callable[[FunctionWriter, Any], None]] = {}


def lowers(kind: type[Any]) -> Callable[[Callable[[FunctionWriter, Any], Any]], Any]:
    """Register the rule for a kind of node or statement."""

    def register(rule: Callable[[FunctionWriter, Any], Any]) -> Any:
        (EXPRESSIONS if issubclass(kind, Node) else STATEMENTS)[kind] = rule
        return rule

    return register


class Frame:
    """The kernel whose statements are being lowered: the function itself, or one inlined into it."""

    def __init__(self, function: Specialised, after: str = "", inlined_at: int | None = None) -> None:
        self.function = function
        self.after = after  # where an inlined kernel returns to
        self.inlined_at = inlined_at  # debug location of the call
        self.returned: list[tuple[list[str], str]] = []  # results, and the block they come from
        self.raised: list[tuple[str, str]] | None = None  # statuses and their blocks, where errors end here


class FunctionWriter(BlockWriter):
    """The function being written."""

    module: ModuleWriter

    def __init__(self, module: ModuleWriter, function: Specialised) -> None:
        super().__init__(module)
        self.types = module.types
        self.function = function
        self.values: dict[Variable, str] = {}  # of what is written once
        self.slots: dict[Variable, str] = {}  # where the others are
        self.registers: dict[tuple[Variable, str], str] = {}  # where the registers are that change
        self.kept: dict[Variable, str] = {}  # where a record's registers are that handlers leave in memory
        self.records: dict[Variable, Variable] = {}  # an inlined kernel's record -> the one it was given
        self.loops: list[tuple[str, str]] = []  # (break, continue) labels
        self.frames: list[Frame] = [Frame(function)]
        self.fixed_statuses: set[str] = set()  # that a handler raises: those known when it is compiled
        self.line = function.line
        self.is_volatile = False  # loads and stores are done as they stand, since somebody else may write there

    def at(self, line: int) -> None:
        """The source line of what follows."""
        if line != self.line:
            self.line = line
            frame = self.frames[-1]
            self.location = self.module.location(frame.function, line, frame.inlined_at)

    def inlining_location(self) -> int | None:
        """The debug node of the current place, as the place of a call that is inlined."""
        debug, frame = self.module.debug, self.frames[-1]
        return debug.location(self.module, frame.function, self.line, frame.inlined_at) if debug else None

    def inlines(self, callee: Specialised) -> bool:
        """Whether a called kernel is written where it is called. In what is compiled for size LLVM decides that."""
        if self.function.handler or callee.record is not None:
            return callee.inline
        return callee.inline and not self.module.for_size(self.function)

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
            known = self.slots[variable] = self.allocate(llvm_type(variable.type))
        return known

    def read(self, variable: Variable) -> str:
        known = self.values.get(variable)
        return known if known is not None else self.value(f"load {llvm_type(variable.type)}, ptr {self.slot(variable)}")

    def write(self, variable: Variable, operand: str) -> None:
        if variable.writes == 1 and not variable.is_parameter:
            self.values[variable] = operand
        else:
            self.emit(f"store {llvm_type(variable.type)} {operand}, ptr {self.slot(variable)}")

    # --- registers -----------------------------------------------------------------------------

    def register_slot(self, record: Variable, name: str) -> tuple[str, str]:
        """The LLVM type of a register, and where it is: in memory, or on the stack until LLVM takes it from there."""
        record = self.records.get(record, record)
        fields = _fields(record)
        index = list(fields).index(name)
        known = self.registers.get((record, name))
        if known is None:
            kept = index - self.module.convention.travelling(fields)
            known = self.allocate(llvm_type(fields[name])) if kept < 0 else self._kept_register(record, kept)
            self.registers[record, name] = known
        return llvm_type(fields[name]), known

    def _kept_register(self, record: Variable, index: int) -> str:
        """Where a register is that handlers leave in memory."""
        self.names += 1
        name, shape = f"%s{self.names}", self.module.convention.memory_shape(_fields(record))
        address = self.record_address(record)
        self.head.append(f"  {name} = getelementptr inbounds {shape}, ptr {address}, i32 0, i32 {index}")
        return name

    def record_address(self, record: Variable) -> str:
        """Where the registers are that handlers leave in memory: in a kernel's own frame, a handler is given it."""
        if self.function.handler:
            return RECORD
        if record not in self.kept:
            self.kept[record] = self.allocate(self.module.convention.memory_shape(_fields(record)), 16)
        return self.kept[record]

    def read_register(self, record: Variable, name: str) -> str:
        record = self.records.get(record, record)
        if self.function.handler and name not in self.module.written_registers(self.function):
            index = list(_fields(record)).index(name)
            if index < self.module.convention.travelling(_fields(record)):
                return f"%r{index}"
        type_, slot = self.register_slot(record, name)
        return self.value(f"load {type_}, ptr {slot}")

    def write_register(self, record: Variable, name: str, operand: str) -> None:
        type_, slot = self.register_slot(record, name)
        self.emit(f"store {type_} {operand}, ptr {slot}")

    def register_arguments(self, record: Variable, changed: dict[str, str] | None = None) -> str:
        """All registers, as arguments of a handler."""
        changed, convention = changed or {}, self.module.convention
        record = self.records.get(record, record)
        arguments = [] if convention.budget is None else [f"ptr {self.record_address(record)}"]
        fields = list(_fields(record).items())
        order = convention.in_order(_fields(record))
        for name, type_ in (fields[number] for number in order):
            arguments.append(f"{llvm_type(type_)} {changed.get(name) or self.read_register(record, name)}")
        for name, _ in fields[len(order) :]:
            if name in changed:
                self.write_register(record, name, changed[name])
        return ", ".join(arguments)

    # --- memory --------------------------------------------------------------------------------

    def load(self, type_: Type, address: str, aligned: bool, is_invariant: bool = False) -> str:
        alignment = self.types.alignment(type_) if aligned and not isinstance(type_, Reference) else 1
        if isinstance(type_, Reference):
            alignment = self.types.target.pointer_width
        suffix = self.module.invariance() if is_invariant else ""
        how = "load volatile" if self.is_volatile else "load"
        loaded = self.value(f"{how} {memory_type(type_)}, ptr {address}, align {alignment}{suffix}")
        return self.value(f"icmp ne i8 {loaded}, 0") if isinstance(type_, Boolean) else loaded

    def store(self, type_: Type, operand: str, address: str, aligned: bool) -> None:
        if isinstance(type_, Boolean):
            operand = self.value(f"zext i1 {operand} to i8")
        alignment = self.types.alignment(type_) if aligned and not isinstance(type_, Reference) else 1
        if isinstance(type_, Reference):
            alignment = self.types.target.pointer_width
        how = "store volatile" if self.is_volatile else "store"
        self.emit(f"{how} {memory_type(type_)} {operand}, ptr {address}, align {alignment}")

    # --- errors --------------------------------------------------------------------------------

    def propagate(self, status: str) -> None:
        """Leave with a status that is not zero, to wherever errors end."""
        for number, frame in enumerate(reversed(self.frames), 1):
            if frame.raised is not None or number == len(self.frames):
                if self.function.handler and number == len(self.frames) and status.isdecimal():
                    self.fixed_statuses.add(status)
                    self.jump(f"raise.{status}")
                    return
                if frame.raised is None:
                    frame.raised = []
                frame.raised.append((status, self.block))
                self.jump(f"{frame.after}.raised" if frame.after else "raise")
                return

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
        self.location = self.module.location(self.function, self.line, None)
        self._take_parameters()
        self.statements(self.function.body)
        if not self.ended:
            self.end("unreachable")
        if self.frames[0].raised:
            self._write_raise(self.frames[0].raised)
        for status in sorted(self.fixed_statuses):
            self.begin(f"raise.{status}")
            self.tail(self.module.raiser(self.function, status), self.function.parameters[0], self._lost())
        return ["entry:", *self.head, *self.lines]

    def write_raiser(self, status: str) -> list[str]:
        """The body of a handler that only raises: many handlers end in it, and need not make the status themselves."""
        self._take_parameters()
        self._raise_from_handler(status)
        return ["entry:", *self.head, *self.lines]

    def _take_parameters(self) -> None:
        function = self.function
        if function.handler:
            record = function.parameters[0]
            travelling = self.module.convention.travelling(_fields(record))
            for index, name in enumerate(list(_fields(record))[:travelling]):
                if name in self.module.written_registers(function):
                    self.write_register(record, name, f"%r{index}")
            return
        for variable in function.parameters:
            self.take(variable, f"%p{variable.index}")

    def take(self, parameter: Variable, operand: str) -> None:
        """Give a parameter its value."""
        if parameter.writes:
            self.emit(f"store {llvm_type(parameter.type)} {operand}, ptr {self.slot(parameter)}")
        else:
            self.values[parameter] = operand

    def _write_raise(self, raised: list[tuple[str, str]]) -> None:
        self.lines.append("raise:")
        self.block, self.ended = "raise", False
        status = self.merge("i64", raised)
        function = self.function
        if function.handler:
            self._raise_from_handler(status)
        elif result_items(function):
            shape = result_type(function)
            self.end(f"ret {shape} {self.value(f'insertvalue {shape} poison, i64 {status}, 0')}")
        else:
            self.end(f"ret i64 {status}")

    def _raise_from_handler(self, status: str) -> None:
        function = self.function
        assert function.raises_to is not None and function.status is not None
        lost = self._lost()
        self.tail(self.module.symbol(function.raises_to), function.parameters[0], lost | {function.status: status})

    def _lost(self) -> dict[str, str]:
        """What registers hold that errors lose, so that nobody has to keep it."""
        record = self.function.parameters[0]
        order = self.module.convention.in_order(_fields(record))
        names = list(_fields(record))
        fleeting = record.type.fleeting if isinstance(record.type, Record) else ()
        return {names[number]: "poison" for number in order if names[number] in fleeting}

    def tail(self, code: str, record: Variable, changed: dict[str, str] | None = None) -> None:
        """Jump to a handler with all registers."""
        arguments = self.register_arguments(record, changed)
        self.emit(f"musttail call {self.module.convention.name} void {code}({arguments})")
        self.end("ret void")


def _fields(record: Variable) -> dict[str, Type]:
    assert isinstance(record.type, Record)
    return record.type.fields
