"""A function's operands and locals, its slots of the guest's stack, and the room that both stacks have for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fusee.engine.state.agreed import HEADER_SLOTS
from fusee.kernel.text import UNLIKELY
from fusee.native.inside import Inside
from fusee.native.known import Known
from fusee.native.labels import Value
from fusee.native.module import REFERENCE, FuncType
from fusee.native.raising import RaisingWriter
from fusee.native.reader import Instruction
from fusee.native.unit import LLVM, Unit, slots_of

LEAF_BYTES: Final = 1024  # a function that calls nothing and is no longer has room in the reserve of the host's stack
FRAME_BYTES_EACH: Final = 16  # what a local or operand may take of it


class FrameWriter(RaisingWriter):
    """A function with operands and locals."""

    start: int  # where its code begins in the module
    instructions: list[Instruction]
    known: Known
    inside: Inside

    def __init__(self, unit: Unit, index: int) -> None:
        super().__init__(unit, index)
        self.stack: list[Value] = []
        self.highest = 0  # the operand stack was
        self.conditions: dict[str, str] = {}  # results of comparisons, by the i32 that they are
        self.locals: list[tuple[str, str]] = []  # type, variable
        self.rooted: dict[int, int] = {}  # locals that the collector looks for: which slot of the guest's stack
        self.most_rooted = 0  # operands in such slots, behind the locals
        self.calls = False
        self.direct_calls = 0  # by symbol, which LLVM may inline
        self.tables_in_loops: set[int] = set()  # that are called through there: they are found where code begins
        self.types_in_loops: set[int] = set()  # of what is called so
        self.first_need: int | None = None  # before which instruction the host's stack is checked, if not at once

    # Operands

    def push(self, kind: str, operand: str) -> None:
        self.stack.append(Value(kind, operand))

    def push_all(self, kinds: Iterable[str], operands: Iterable[str]) -> None:
        self.stack += map(Value, kinds, operands)

    def push_variables(self, kinds: Iterable[str], variables: Iterable[str]) -> None:
        for kind, variable in zip(kinds, variables, strict=True):
            self.push(kind, self.value(f"load {LLVM[kind]}, ptr {variable}"))

    def pop(self) -> str:
        return self.stack.pop().operand

    def pop_many(self, count: int) -> list[str]:
        """The topmost operands, the last one on top."""
        if not count:
            return []
        taken = [value.operand for value in self.stack[-count:]]
        del self.stack[-count:]
        return taken

    def merge_stacks(self, first: tuple[list[Value], str], second: tuple[list[Value], str]) -> None:
        """Two ways have come together, with operands, from blocks: go on with those of either."""
        (stack, block), (copied, other) = first, second
        for number, (one, another) in enumerate(zip(stack, copied, strict=True)):
            if one is not another:
                merged = self.merge(LLVM[one.type], [(one.operand, block), (another.operand, other)])
                stack[number] = one._replace(operand=merged)
        self.stack = stack

    def push_condition(self, answer: str) -> None:
        """An i32 that is 1 or 0."""
        number = self.value(f"zext i1 {answer} to i32")
        self.conditions[number] = answer
        self.push("i32", number)

    def pop_condition(self) -> str:
        """Whether the topmost i32 is not zero."""
        operand = self.pop()
        return self.conditions.get(operand) or self.value(f"icmp ne i32 {operand}, 0")

    # Locals

    def read_local(self, number: int) -> str:
        """A local's value."""
        kind, variable = self.locals[number]
        operand = self.known.read_local(kind, variable)
        if kind == "i32":
            self.inside.read(number, operand)
        return operand

    def set_local(self, number: int, operand: str) -> None:
        kind, variable = self.locals[number]
        self.known.set(variable, operand)
        if kind == "i32":
            self.inside.set(number, operand)
        self.emit(f"store {LLVM[kind]} {operand}, ptr {variable}")
        if number in self.rooted:
            self.keep_local(number, operand)

    def keep_local(self, number: int, operand: str) -> None:
        """Put a local where the collector sees it."""
        place = self.value(f"getelementptr inbounds nuw i64, ptr %sp, i64 {self.rooted[number]}")
        self.put(REFERENCE, operand, place)

    # Slots of the guest's stack

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

    # Pauses, and room

    def poll(self) -> None:
        """Let the guest pause, or stop, if another thread wishes so."""
        if not self.unit.options.polls:
            return
        wish = self.value("load atomic volatile i32, ptr %wish monotonic, align 4")
        pausing, going = self.label(), self.label()
        self.branch(self.value(f"icmp ne i32 {wish}, 0"), pausing, going, UNLIKELY)
        self.begin(pausing)
        self.keep_operands()
        status = self.value(f"call {self.pausing()}(ptr %ctx, ptr %top)")
        self.check(status, self.raised)
        self.reload_memories()
        self.after_pause()
        self.begin(going)

    def after_pause(self) -> None:
        """What may be done here, where few come."""

    @property
    def is_short(self) -> bool:
        """Whether its own frame fits into the reserve of the host's stack."""
        return self.instructions[-1].offset - self.start < LEAF_BYTES

    def check_stacks(self) -> None:
        """Trap if the function's frame would be too low on the host's stack, or too high on the guest's."""
        if self.rooted or self.most_rooted:
            end = self.value(f"getelementptr inbounds nuw i64, ptr %top, i64 {HEADER_SLOTS}")
            self._overflow_if(self.use("has_no_frame", end, "%ctx"))
        if self.first_need is None and (self.calls or not self.is_short):
            self._check_host_stack()

    def check_late(self) -> None:
        """The same of the host's stack where the function's first call may come, and whether the guest shall pause."""
        assert self.first_need is not None
        before, self.offset = self.offset, self.start
        self._check_host_stack()
        if self.instructions[self.first_need].op.mnemonic != "loop":  # which looks itself, at once
            self.poll()
        self.offset = before

    def _check_host_stack(self) -> None:
        word = self.unit.word
        self.unit.writer.declare("llvm.stacksave.p0", "declare ptr @llvm.stacksave.p0()")
        here = self.value(f"ptrtoint ptr {self.value('call ptr @llvm.stacksave.p0()')} to {word}")
        room = FRAME_BYTES_EACH * (len(self.locals) + self.highest)
        limit = self.use("host_limit", self.use("store_of", "%ctx"))
        limit = self.value(f"add {word} {limit}, {room}") if room > LEAF_BYTES else limit
        self._overflow_if(self.value(f"icmp ult {word} {here}, {limit}"))

    def _overflow_if(self, condition: str) -> None:
        full, going = self.label(), self.label()
        self.branch(condition, full, going, UNLIKELY)
        self.begin(full)
        self.use("raise_overflow", "%ctx")
        self.begin(going)


def zero(kind: str) -> str:
    """The first value of a local (spec 4.4.11)."""
    return {"f32": "0.0", "f64": "0.0", "v128": "zeroinitializer"}.get(kind, "0")
