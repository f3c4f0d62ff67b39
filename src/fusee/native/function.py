"""A function of a module as LLVM's text: its values, its errors, its beginning and its end.

The rules of its instructions are in `control`, `access` and `calls`. The operand stack is symbolic, as in the
interpreter's translator: an entry is an operand of LLVM's. Locals are variables on the stack, which LLVM turns into
values. Time and text are linear in the function's size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from fusee.engine.numeric import MEANING
from fusee.engine.state.runtime import HEADER_SLOTS
from fusee.kernel import tree
from fusee.kernel.lower.function import UNLIKELY
from fusee.kernel.tree import Specialised
from fusee.native.joining import MOST_JOINED, lead_on, parts, way_to
from fusee.native.known import Known
from fusee.native.memories import MemoryWriter
from fusee.native.metering import Charge, Meter
from fusee.native.module import REFERENCE, FuncType
from fusee.native.needs import first_need
from fusee.native.reader import Instruction, Reader
from fusee.native.scan import indirect_in_loops, most_tries
from fusee.native.unit import LLVM, Unit, slots_of
from fusee.spec.op import Op

_NARROWING = ("f32.demote_f64", "f32x4.demote_f64x2_zero")  # after a promotion LLVM takes it for nothing at all
_LEAF_BYTES = 1024  # a function that calls nothing and is no longer has room in the reserve of the host's stack
_MOST_INLINED = 500  # divisions and conversions that may trap: if there are more, each kind is a function of its own
_FRAME_BYTES_EACH = 16  # what a local or operand may take of it

Rule = Callable[["FunctionCompiler", Instruction], None]
RULES: dict[str, Rule] = {}
"""By mnemonic: how an instruction is written. Those with a meaning in `engine.numeric` need no rule."""
CALLING: set[str] = set()
"""The mnemonics of those that call something, for which there has to be room on the host's stack."""


def rule(*mnemonics: str, calls: bool = False) -> Callable[[Rule], Rule]:
    """Register the rule for some instructions. `calls`: they call something."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(mnemonics, function))
        if calls:
            CALLING.update(mnemonics)
        return function

    return register


class Value(NamedTuple):
    """An entry of the operand stack: its type (`native.module`), and LLVM's operand."""

    type: str
    operand: str


class Edge(NamedTuple):
    """A way to the end of a block."""

    operands: list[str]  # the block's results
    block: str  # from which it comes
    is_paid: str  # in metered code: whether what is there is paid for


@dataclass
class Label:
    """An open block, loop, `if` or function."""

    kind: str
    name: str  # of LLVM's block to which branches go
    params: tuple[str, ...]
    results: tuple[str, ...]
    height: int  # of the operand stack below its parameters
    edges: list[Edge] = field(default_factory=list)
    returns: dict[str, int] = field(default_factory=dict)  # of a loop: how many branches go back to each block
    variables: list[str] = field(default_factory=list)  # of a loop: where its parameters are
    other: str = ""  # of an `if`: the block of its second arm, as long as that has not begun
    given: list[Value] = field(default_factory=list)  # of an `if`: its parameters
    handler: Handler | None = None  # of a `try` in either form
    close: Callable[[], None] | None = None  # likewise: writes what comes at its end
    charge: Charge | None = None  # in metered code

    @property
    def types(self) -> tuple[str, ...]:
        """What a branch takes along."""
        return self.params if self.kind == "loop" else self.results


class Error(NamedTuple):
    """A place that raises."""

    status: str
    offset: int | str
    block: str


@dataclass
class Handler:
    """The block to which what is thrown in a `try` goes."""

    name: str
    depth: int  # how many labels are around that of the `try`
    errors: list[Error] = field(default_factory=list)
    is_open: bool = True  # it covers what is written now
    status: str = ""  # the error that has arrived, and where it was raised
    offset: str = ""
    untested: str = ""  # of the older form: the block of what no clause so far has caught
    kept: int | None = None  # likewise: the local that has the exception for `rethrow`


class FunctionCompiler(MemoryWriter):
    """One function of a unit."""

    def __init__(self, unit: Unit, index: int) -> None:
        nothing = Specialised(unit.symbol(index), "", None, [], tree.NOTHING, "", 0)
        super().__init__(unit, nothing)
        self.index = index
        self.type: FuncType = unit.module.type_of(index)
        self.stack: list[Value] = []
        self.labels: list[Label] = []
        self.conditions: dict[str, str] = {}  # results of comparisons, by the i32 that they are
        self.locals: list[tuple[str, str]] = []  # type, variable
        self.rooted: dict[int, int] = {}  # locals that the collector looks for: which slot of the guest's stack
        self.most_rooted = 0  # operands in such slots, behind the locals
        self.tables_in_loops: set[int] = set()  # that are called through there: they are found where code begins
        self.types_in_loops: set[int] = set()  # of what is called so
        self.raised: list[Error] = []  # by this function
        self.passed_on: list[Error] = []  # what was called has raised
        self.handlers: list[Handler] = []  # those that cover what is written now, the innermost last
        self.open_tries = 0  # of the older form
        self.kept_exceptions: list[int] = []  # locals, by how many of these are around
        self.joined_at = -1  # how many lines there were where a block's ways came together last
        self.ends_in_a_row = 0  # of blocks, with nothing between them
        self.skipped = 0  # blocks that were begun in code that is not reached
        self.calls = False
        self.first_need: int | None = None  # before which instruction the host's stack is checked, if not at once
        self.highest = 0  # the operand stack was
        self.meter = Meter(self) if unit.options.is_metered else None
        start, end = unit.module.body(index)
        reader = Reader(unit.module.binary, start, end)
        self._read_locals(reader)
        self.offset = self.start = reader.position
        self.instructions = list(reader.instructions())
        self.is_apart = sum(has_meaning(op) and op.traps for op, _, _ in self.instructions) > _MOST_INLINED
        self.known = Known(self)

    def _read_locals(self, reader: Reader) -> None:
        types = list(self.type.params)
        for _ in range(reader.u32()):
            count = reader.u32()
            types += [self.unit.module.value_type(reader.value_type())] * count
        self.local_types = types

    # --- values --------------------------------------------------------------------------------

    def push(self, kind: str, operand: str) -> None:
        self.stack.append(Value(kind, operand))

    def push_all(self, kinds: Iterable[str], operands: Iterable[str]) -> None:
        self.stack += map(Value, kinds, operands)

    def pop(self) -> str:
        return self.stack.pop().operand

    def pop_many(self, count: int) -> list[str]:
        """The topmost operands, the last one on top."""
        if not count:
            return []
        taken = [value.operand for value in self.stack[-count:]]
        del self.stack[-count:]
        return taken

    def push_condition(self, answer: str) -> None:
        """An i32 that is 1 or 0."""
        number = self.value(f"zext i1 {answer} to i32")
        self.conditions[number] = answer
        self.push("i32", number)

    def pop_condition(self) -> str:
        """Whether the topmost i32 is not zero."""
        operand = self.pop()
        return self.conditions.get(operand) or self.value(f"icmp ne i32 {operand}, 0")

    # --- errors --------------------------------------------------------------------------------

    def propagate(self, status: str) -> None:
        """A kernel that is inlined here raises."""
        if any(frame.raised is not None for frame in self.frames[1:]):
            super().propagate(status)
            return
        self.jump(self.raises_to(status, self.raised))

    def check(self, status: str, errors: list[Error]) -> None:
        """Go on only if a call has raised nothing."""
        failed = self.value(f"icmp ne i64 {status}, 0")
        going = self.label()
        self.branch(failed, self.raises_to(status, errors), going, UNLIKELY)
        self.begin(going)

    def raises_to(
        self, status: str, errors: list[Error], offset: str = "", handlers: Sequence[Handler] | None = None
    ) -> str:
        """The block to which an error goes from here; what a call passes on may be caught by one of `handlers`."""
        handlers = self.handlers if handlers is None else handlers
        error = Error(status, offset or self.offset, self.block)
        name = "raised" if errors is self.raised else "passed"
        if errors is self.passed_on and handlers:
            name, errors = handlers[-1].name, handlers[-1].errors
        errors.append(error)
        return way_to(name, len(errors) - 1)

    def join(self, name: str, errors: list[Error]) -> tuple[str, str]:
        """Begin the block to which errors go; which it is, and the offset."""
        first, *others = parts(name, errors)
        incoming = [*first[1]]
        for part, some in others:
            joined = self.merge_errors(part, some)
            incoming.append(Error(*joined, part))
            lead_on(self, name)
        return self.merge_errors(name, incoming)

    def merge_errors(self, name: str, errors: Sequence[Error]) -> tuple[str, str]:
        """Begin a block to which errors go."""
        self.begin(name)
        status = self.merge("i64", [(error.status, error.block) for error in errors])
        return status, self.merge("i32", [(str(error.offset), error.block) for error in errors])

    def leave_with(self, status: str) -> None:
        """Return a status that is not zero."""
        shape = self.unit.result_shape(self.type)
        if self.type.results:
            status = self.value(f"insertvalue {shape} poison, i64 {status}, 0")
        self.end(f"ret {shape} {status}")

    # --- guest frames --------------------------------------------------------------------------

    def free_slot(self, number: int) -> str:
        """The address of a slot behind this function's own."""
        return self.value(f"getelementptr inbounds nuw i64, ptr %top, i64 {number}")

    def put(self, kind: str, operand: str, place: str) -> None:
        """Store a value in a slot; an i32 is zero-extended."""
        if kind == "i32":
            operand, kind = self.value(f"zext i32 {operand} to i64"), "i64"
        self.emit(f"store {LLVM[kind]} {operand}, ptr {place}, align 8{self.unit.tag('frame')}")

    def get(self, kind: str, place: str) -> str:
        return self.value(f"load {LLVM[kind]}, ptr {place}, align 8{self.unit.tag('frame')}")

    def put_all(self, kinds: Iterable[str], operands: Iterable[str], first: int) -> None:
        """Store values in consecutive slots."""
        for kind, operand in zip(kinds, operands, strict=True):
            self.put(kind, operand, self.free_slot(first))
            first += slots_of(kind)

    def get_all(self, kinds: Iterable[str], first: int) -> list[str]:
        operands = []
        for kind in kinds:
            operands.append(self.get(kind, self.free_slot(first)))
            first += slots_of(kind)
        return operands

    def call_in_frame(self, type_: FuncType, helper: str, arguments: list[str], number: int) -> list[str]:
        """Have a helper call a function that has its arguments in a guest frame; status and results."""
        self.put_all(type_.params, arguments, HEADER_SLOTS)
        frame = self.free_slot(HEADER_SLOTS)
        status = self.value(f"call i64 {self.helper(helper)}(ptr %ctx, ptr {frame}, i32 {number}, i32 0)")
        return [status, *self.get_all(type_.results, HEADER_SLOTS)]

    def keep_operands(self) -> None:
        """Before anything during which the collector may look: put what it follows into slots."""
        waiting = [value.operand for value in self.stack if value.type == REFERENCE]
        self.most_rooted = max(self.most_rooted, len(waiting))
        for number, operand in enumerate(waiting, len(self.rooted)):
            place = self.value(f"getelementptr inbounds nuw i64, ptr %sp, i64 {number}")
            self.put(REFERENCE, operand, place)

    # --- pauses --------------------------------------------------------------------------------

    def poll(self) -> None:
        """Let the guest pause, or stop, if another thread wishes so."""
        if not self.unit.options.polls:
            return
        wish = self.value("load atomic volatile i32, ptr %wish monotonic, align 4")
        pausing, going = self.label(), self.label()
        self.branch(self.value(f"icmp ne i32 {wish}, 0"), pausing, going, UNLIKELY)
        self.begin(pausing)
        self.keep_operands()
        status = self.value(f"call i64 {self.helper('poll')}(ptr %ctx, ptr %top, i32 0, i32 0)")
        self.check(status, self.raised)
        self.reload_memories()
        self.begin(going)

    @property
    def is_short(self) -> bool:
        """Whether its own frame fits into the reserve of the host's stack."""
        return self.instructions[-1].offset - self.start < _LEAF_BYTES

    # --- the whole -----------------------------------------------------------------------------

    def compile(self) -> None:
        """Add the function to the unit."""
        self._declare()
        self.lines, self.block = [], "body"
        self.lines.append("body:")
        self.labels.append(Label("function", "return", (), self.type.results, 0))
        if self.meter is not None:
            self.meter.begin()
            self.meter.open(self.labels[0], 0, False)
        self.first_need = self.find_need()
        for number, instruction in enumerate(self.instructions):
            if number == self.first_need and not self.ended:
                self._check_late()
            self._instruction(instruction)
        self._return()
        body, self.lines, self.block, self.ended = self.lines, [], "entry", False
        self.offset = self.start
        self._begin()
        self.jump(self.first_block())
        beginning, self.lines = self.lines, []
        self._errors()
        own = len(self.rooted) + self.most_rooted
        top = f"  %top = getelementptr inbounds nuw i64, ptr %sp, i64 {own}"
        costs = [] if self.meter is None else self.meter.definitions()
        self.define(["entry:", *self.head, *costs, top, *beginning, *body, *self.lines])

    # What `native.resume` does otherwise

    def before_block(self, kind: str) -> None:
        """A block begins, with its parameters on the stack."""

    def after_label(self, label: Label) -> None:
        """A loop has begun: its parameters are in variables."""

    def find_need(self) -> int | None:
        """The instruction before which the host's stack may be checked: by then the function has called nothing.

        So what a short function does without a call costs no frame. Others are checked where they begin.
        """
        is_small = self.is_short and _FRAME_BYTES_EACH * len(self.locals) <= _LEAF_BYTES
        return first_need(self.instructions, CALLING) if is_small else None

    def first_value(self, number: int, kind: str) -> str:
        """Of a local."""
        return f"%p{number}" if number < len(self.type.params) else zero(kind)

    def first_block(self) -> str:
        """Where the function's own code begins."""
        return "body"

    def define(self, lines: list[str]) -> None:
        """Add its text to the unit."""
        self.unit.define(self.index, lines)

    def compile_stand_in(self) -> None:
        """Add a function that has the interpreter do its work."""
        self.push_all(self.type.params, [f"%p{number}" for number in range(len(self.type.params))])
        status, *results = self.call_in_frame(self.type, "call_function", self.pop_many(len(self.stack)), self.index)
        self.check(status, self.passed_on)
        self.push_all(self.type.results, results)
        self._return()
        self._errors()
        self.unit.define(self.index, ["entry:", "  %top = getelementptr inbounds nuw i64, ptr %sp, i64 0", *self.lines])

    def _declare(self) -> None:
        """Variables of locals, and of the memories that are accessed."""
        kept = most_tries(self.instructions)
        self.kept_exceptions = list(range(len(self.local_types), len(self.local_types) + kept))
        self.local_types += [REFERENCE] * kept
        for number, kind in enumerate(self.local_types):
            self.locals.append((kind, self.allocate(LLVM[kind])))
            if kind == REFERENCE:
                self.rooted[number] = len(self.rooted)
        for _, immediates, _ in self.instructions:
            for immediate in immediates:
                if isinstance(immediate, tuple) and len(immediate) == 2 and immediate[0] not in self.memories:
                    variables = self.allocate("ptr"), self.allocate("i64")
                    self.memories[immediate[0]] = (f"%memory{immediate[0]}", *variables)
        for type_index, table in indirect_in_loops(self.instructions):
            self.types_in_loops.add(type_index)
            self.tables_in_loops.add(table)

    def _instruction(self, instruction: Instruction) -> None:
        self.offset = instruction.offset
        mnemonic = instruction.op.mnemonic
        if self.ended:
            self._skip(instruction)
            return
        if self.meter is not None:
            self.meter.charge_for(instruction)
        found = RULES.get(mnemonic)
        self.calls = self.calls or mnemonic in CALLING
        if found is not None:
            found(self, instruction)
        else:
            self._numeric(instruction)
        self.highest = max(self.highest, len(self.stack))

    def keep_edge(self, label: Label, operands: list[str], is_paid: str) -> None:
        """Go to a label that is further on; in metered code, whether what is there is paid for."""
        label.edges.append(Edge(operands, self.block, is_paid))
        self.jump(way_to(label.name, len(label.edges) - 1))

    def _skip(self, instruction: Instruction) -> None:
        """In code that is not reached only the ends of blocks count."""
        mnemonic = instruction.op.mnemonic
        if mnemonic in ("block", "loop", "if", "try", "try_table"):
            self.skipped += 1
        elif mnemonic in ("end", "delegate") and self.skipped:
            self.skipped -= 1
        elif mnemonic in ("else", "end", "catch", "catch_all", "delegate") and not self.skipped:
            RULES[mnemonic](self, instruction)

    def _numeric(self, instruction: Instruction) -> None:
        """An instruction with a meaning."""
        op = instruction.op
        assert op.params is not None and op.results is not None
        function = self.unit.kernels.meaning(op.mnemonic)
        operands = self.pop_many(len(op.params))
        if op.mnemonic in _NARROWING:
            operands = [self.opaque(LLVM[kind], operand) for kind, operand in zip(op.params, operands, strict=True)]
        if op.traps and self.is_apart:
            self._call_apart(op, operands)
            return
        result = self.apply(function, *operands)
        if isinstance(function.result, tree.Boolean):
            self.push_condition(result)
        else:
            self.push(op.results[0], result)
        self.known.limit(operands)

    def _call_apart(self, op: Op, operands: list[str]) -> None:
        """The same where it is not inlined."""
        assert op.params is not None and op.results is not None
        type_ = LLVM[op.results[0]]
        arguments = ", ".join(f"{LLVM[kind]} {operand}" for kind, operand in zip(op.params, operands, strict=True))
        given = self.value(f"call {{i64, {type_}}} {self.apart(op.mnemonic, type_)}({arguments})")
        self.check(self.value(f"extractvalue {{i64, {type_}}} {given}, 0"), self.raised)
        self.push(op.results[0], self.value(f"extractvalue {{i64, {type_}}} {given}, 1"))

    def _return(self) -> None:
        """The end of the function, to which its label's branches lead."""
        if self.ended:
            return
        operands = self.pop_many(len(self.type.results))
        shape = self.unit.result_shape(self.type)
        if not operands:
            self.end("ret i64 0")
            return
        result = f"{shape} zeroinitializer"
        for number, (kind, operand) in enumerate(zip(self.type.results, operands, strict=True), 1):
            result = f"{shape} {self.value(f'insertvalue {result}, {LLVM[kind]} {operand}, {number}')}"
        self.end(f"ret {result}")

    def _begin(self) -> None:
        """Check both stacks, and give locals and memories their first values."""
        self._check_stacks()
        self.find_memories()
        self._find_tables()
        for number, (kind, variable) in enumerate(self.locals):
            first = self.first_value(number, kind)
            self.emit(f"store {LLVM[kind]} {first}, ptr {variable}")
            if number in self.rooted:
                self.keep_local(number, first)
        self.emit(f"%wish = getelementptr i8, ptr {self.use('wish', '%ctx')}, i64 0")
        if self.meter is not None:
            self.emit(f"%fuel = getelementptr i8, ptr {self.use('fuel_place', '%ctx')}, i64 0")
        if self.calls and self.first_need is None:
            self.stack = []
            self.poll()

    def _find_tables(self) -> None:
        """And ids of types: LLVM does not take loads out of loops if it does not know that addresses are valid."""
        for table in sorted(self.tables_in_loops):
            found = self.use("table_at", "%ctx", str(table))
            self.emit(f"%table{table} = getelementptr i8, ptr {found}, i64 0")
            if self.unit.module.table_lengths[table] is not None:
                self.emit(f"%elements{table} = getelementptr i8, ptr {self.use('elements_of', found)}, i64 0")
        for type_index in sorted(self.types_in_loops):
            self.emit(f"%type{type_index} = add i32 {self.use('type_id', '%ctx', str(type_index))}, 0")

    def read_local(self, number: int) -> str:
        """A local's value."""
        kind, variable = self.locals[number]
        return self.known.read_local(kind, variable)

    def set_local(self, number: int, operand: str) -> None:
        kind, variable = self.locals[number]
        self.known.set(variable, operand)
        self.emit(f"store {LLVM[kind]} {operand}, ptr {variable}")
        if number in self.rooted:
            self.keep_local(number, operand)

    def keep_local(self, number: int, operand: str) -> None:
        """Put a local where the collector sees it."""
        place = self.value(f"getelementptr inbounds nuw i64, ptr %sp, i64 {self.rooted[number]}")
        self.put(REFERENCE, operand, place)

    def _check_stacks(self) -> None:
        """Trap if the function's frame would be too low on the host's stack, or too high on the guest's."""
        if self.rooted or self.most_rooted:
            end = self.value(f"getelementptr inbounds nuw i64, ptr %top, i64 {HEADER_SLOTS}")
            self._overflow_if(self.use("has_no_frame", end, "%ctx"))
        if self.first_need is None and (self.calls or not self.is_short):
            self._check_host_stack()

    def _check_late(self) -> None:
        """The same of the host's stack where the function's first call may come, and whether the guest shall pause."""
        before, self.offset = self.offset, self.start
        self._check_host_stack()
        self.poll()
        self.offset = before

    def _check_host_stack(self) -> None:
        word = self.unit.word
        self.unit.writer.declare("llvm.stacksave.p0", "declare ptr @llvm.stacksave.p0()")
        here = self.value(f"ptrtoint ptr {self.value('call ptr @llvm.stacksave.p0()')} to {word}")
        room = _FRAME_BYTES_EACH * (len(self.locals) + self.highest)
        limit = self.use("host_limit", self.use("store_of", "%ctx"))
        limit = self.value(f"add {word} {limit}, {room}") if room > _LEAF_BYTES else limit
        self._overflow_if(self.value(f"icmp ult {word} {here}, {limit}"))

    def _overflow_if(self, condition: str) -> None:
        full, going = self.label(), self.label()
        self.branch(condition, full, going, UNLIKELY)
        self.begin(full)
        self.use("raise_overflow", "%ctx")
        self.begin(going)

    def _errors(self) -> None:
        """Note the frame, and give the status to the caller."""
        for name, errors, note in (("raised", self.raised, "note_first"), ("passed", self.passed_on, "note_further")):
            for part, some in parts(name, errors):
                status, offset = self.merge_errors(part, some)
                noted = f"call i64 {self.note(note)}(ptr %ctx, i64 {status}, i32 {self.index}, i32 {offset})"
                self.leave_with(self.value(f"{noted} nomerge" if len(errors) > MOST_JOINED else noted))


def has_meaning(op: Op) -> bool:
    """Whether an instruction does what a kernel of `engine.numeric` does with its operands alone."""
    return op.mnemonic in MEANING and op.params is not None and not op.immediates


def zero(kind: str) -> str:
    """The first value of a local (spec 4.4.11)."""
    return {"f32": "0.0", "f64": "0.0", "v128": "zeroinitializer"}.get(kind, "0")
