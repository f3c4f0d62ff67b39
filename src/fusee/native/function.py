"""A function of a module as LLVM's text: its instructions, its beginning and its end.

Its values are in `frame`, its errors in `raising`, the rules of its instructions in `control`, `access` and `calls`.
The operand stack is symbolic, as in the interpreter's translator: an entry is an operand of LLVM's. Locals are
variables on the stack, which LLVM turns into values. Time and text are linear in the function's size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusee.native.ahead import Ahead
from fusee.native.body import body_of
from fusee.native.calls_apart import MOST_CALLS
from fusee.native.frame import FRAME_BYTES_EACH, LEAF_BYTES, FrameWriter, zero
from fusee.native.inside import Inside
from fusee.native.joined import Joined
from fusee.native.joining import way_to
from fusee.native.known import Known
from fusee.native.labels import Edge, Label
from fusee.native.module import REFERENCE, FuncType
from fusee.native.needs import first_need
from fusee.native.reader import CLOSING, OPENING, Instruction
from fusee.native.rules import CALLING, RULES, has_meaning
from fusee.native.scan import bytes_of_results, calls_through, indirect_in_loops, most_tries
from fusee.native.turns import counting_loops
from fusee.native.unit import LLVM, Unit
from fusee.spec.op import Op

if TYPE_CHECKING:
    from fusee.native.metering import Meter

_NARROWING = ("f32.demote_f64", "f32x4.demote_f64x2_zero")  # after a promotion LLVM takes it for nothing at all
_MOST_INLINED = 500  # divisions and conversions that may trap: if there are more, each kind is a function of its own


class FunctionCompiler(FrameWriter):
    """One function of a unit."""

    is_whole = True  # or it begins in a loop, with parameters of its own

    def __init__(self, unit: Unit, index: int) -> None:
        super().__init__(unit, index)
        self.labels: list[Label] = []
        self.open_tries = 0  # of the older form
        self.kept_exceptions: list[int] = []  # locals, by how many of these are around
        self.joined_at = -1  # how many lines there were where a block's ways came together last
        self.ends_in_a_row = 0  # of blocks, with nothing between them
        self.skipped = 0  # blocks that were begun in code that is not reached
        self.choices = 0  # calls of one of several functions that are written one by one (`native.callees`)
        self.meter = _meter(self) if unit.options.is_metered else None
        body = body_of(unit.module, index)
        self.local_types = list(self.type.params)
        for count, code in body.groups:
            self.local_types += [unit.module.value_type(code)] * count
        self.offset = self.start = body.start
        self.instructions = body.instructions
        self.is_apart = sum(has_meaning(op) and op.traps for op, _, _ in self.instructions) > _MOST_INLINED
        self.calls_apart = calls_through(self.instructions, unit.chosen) > MOST_CALLS
        self.known = Known(self)
        self.inside = Inside(self)
        self.joined = Joined(self)
        may_count = unit.options.polls and self.meter is None  # what is paid for is paid for in every turn
        self.counted = counting_loops(self.instructions, CALLING) if may_count else frozenset()
        self.ahead = Ahead(self)
        if self.counted and unit.options.for_this_process and unit.options.looks_ahead:
            self.ahead.find(self.counted, unit.module.plain_memories)

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
        self.write_all(range(len(self.instructions)))
        self._return()
        body, self.lines, self.block, self.ended = self.lines, [], "entry", False
        self.offset = self.start
        self._begin()
        self.jump(self.first_block())
        beginning, self.lines = self.lines, []
        self.end_errors()
        self.end_exits()
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
        is_small = self.is_short and FRAME_BYTES_EACH * len(self.locals) <= LEAF_BYTES
        return first_need(self.instructions, CALLING) if is_small else None

    def first_value(self, number: int, kind: str) -> str:
        """Of a local."""
        return f"%p{number}" if number < len(self.type.params) else zero(kind)

    def first_block(self) -> str:
        """Where the function's own code begins."""
        return "body"

    def define(self, lines: list[str]) -> None:
        """Add its text to the unit. What its calls take of the host's stack, it takes once."""
        may_be_inlined = not bytes_of_results(self.instructions, self.unit.module.type_called)
        self.unit.define(self.index, lines, may_be_inlined)

    def compile_stand_in(self) -> None:
        """Add a function that has the interpreter do its work."""
        self.push_all(self.type.params, [f"%p{number}" for number in range(len(self.type.params))])
        status, *results = self.call_in_frame(self.type, "call_function", self.pop_many(len(self.stack)), self.index)
        self.check(status, self.passed_on)
        self.push_all(self.type.results, results)
        self._return()
        self.end_errors()
        self.end_exits()
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

    def write_all(self, numbers: range) -> None:
        """Write what these instructions do."""
        for number in numbers:
            if number == self.first_need and not self.ended:
                self.check_late()
            self.joined.before(number)
            self.write_instruction(self.instructions[number])
            self.joined.after(number)
            self.ahead.after(number)

    def block_type(self, immediate: int | None) -> FuncType:
        """The type of a block (spec 5.4.1)."""
        if immediate is None:
            return FuncType((), ())
        if immediate < 0:
            return FuncType((), (self.unit.module.value_type(-immediate),))
        found = self.unit.module.types[immediate]
        assert found is not None
        return found

    def write_instruction(self, instruction: Instruction) -> None:
        """Write what an instruction does."""
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

    def keep_edge(self, label: Label, depth: int, operands: list[str], is_paid: str) -> None:
        """Go to a label further on, out of `depth` others; in metered code, whether what is there is paid for."""
        self.inside.leave(label, depth)
        label.edges.append(Edge(operands, self.block, is_paid))
        self.jump(way_to(label.name, len(label.edges) - 1))

    def _skip(self, instruction: Instruction) -> None:
        """In code that is not reached only the ends of blocks count."""
        mnemonic = instruction.op.mnemonic
        if mnemonic in OPENING:
            self.skipped += 1
        elif mnemonic in CLOSING and self.skipped:
            self.skipped -= 1
        elif mnemonic in ("else", "end", "catch", "catch_all", "delegate") and not self.skipped:
            RULES[mnemonic](self, instruction)

    def _numeric(self, instruction: Instruction) -> None:
        """An instruction with a meaning."""
        op = instruction.op
        assert op.params is not None and op.results is not None
        template = self.template(("meaning", op.mnemonic))
        operands = self.pop_many(len(op.params))
        if op.mnemonic in _NARROWING:
            operands = [self.opaque(LLVM[kind], operand) for kind, operand in zip(op.params, operands, strict=True)]
        if op.traps and self.is_apart:
            self._call_apart(op, operands)
            return
        result = self.fill(template, operands)
        if template.is_condition:
            self.push_condition(result)
        else:
            self.push(op.results[0], result)
            self.inside.compute(op.mnemonic, operands, result)
        self.known.limit(operands)

    def _call_apart(self, op: Op, operands: list[str]) -> None:
        """The same where it is not inlined."""
        assert op.params is not None and op.results is not None
        type_ = LLVM[op.results[0]]
        arguments = ", ".join(f"{LLVM[kind]} {operand}" for kind, operand in zip(op.params, operands, strict=True))
        given = self.value(f"call {{i64, {type_}}} {self.apart(op, type_)}({arguments})")
        self.check(self.value(f"extractvalue {{i64, {type_}}} {given}, 0"), self.raised)
        self.push(op.results[0], self.value(f"extractvalue {{i64, {type_}}} {given}, 1"))

    def _return(self) -> None:
        """The end of the function, to which its label's branches lead."""
        if self.ended:
            return
        self.leave(["0", *self.pop_many(len(self.type.results))])

    def _begin(self) -> None:
        """Check both stacks, and give locals and memories their first values."""
        self.check_stacks()
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
        if self.is_whole and self.calls and self.first_need is None:  # a loop looks itself
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


def _meter(compiler: FunctionCompiler) -> Meter:
    from fusee.native.metering import Meter  # which knows what the interpreter pays for

    return Meter(compiler)
