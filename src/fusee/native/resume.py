"""Native code that begins in a loop of a function: for one that is in it, interpreted, when it gets native code.

It is the function compiled once more, but it begins at the loop's label, with locals and operands from where the
interpreter has them there: in the slots of the function's frame. Whatever operand waits around the loop is a variable,
so that it does not matter from where the label is come to.

Code that was made in haste is left in the same place and way, when there is newer code for that loop: where it looks
whether the guest shall pause, it puts everything back into the frame, in which the newer code goes on.
"""

from itertools import accumulate

from fusee.engine.state.agreed import LEFT_LOOP
from fusee.kernel.text import UNLIKELY
from fusee.native.code import Place
from fusee.native.function import FunctionCompiler
from fusee.native.labels import Label, Value
from fusee.native.unit import LLVM, Unit, slots_of


class NotSupported(Exception):
    """The loop is in code that is never executed, or what is in the frame there is not known."""


class Kept(Value):
    """An entry of the operand stack that is in a variable."""

    compiler: FunctionCompiler
    variable: str

    @classmethod
    def of(cls, compiler: FunctionCompiler, value: Value) -> "Kept":
        made = cls(value.type, "")
        made.compiler = compiler
        made.variable = compiler.allocate(LLVM[value.type])
        compiler.emit(f"store {LLVM[value.type]} {value.operand}, ptr {made.variable}")
        return made

    @property
    def operand(self) -> str:
        return self.compiler.value(f"load {LLVM[self.type]}, ptr {self.variable}")


class LoopCompiler(FunctionCompiler):
    """A function that begins in a loop."""

    is_whole = False

    def __init__(self, unit: Unit, place: Place, may_leave: bool) -> None:
        super().__init__(unit, place.function)
        self.place = place
        self.may_leave = may_leave  # for newer code
        self.name = unit.options.resume_symbol(place.function, place.loop)
        self.header = ""  # the loop's label, once it has been come to
        self.homes = [0, *accumulate(map(slots_of, self.local_types))]  # slots of locals
        self.waiting: list[tuple[str, str]] = []  # types and variables of the operand stack there

    def before_block(self, kind: str) -> None:
        if not self.header:
            self.stack = [value if isinstance(value, Kept) else Kept.of(self, value) for value in self.stack]

    def after_label(self, label: Label) -> None:
        if self.offset == self.place.loop:
            self.inside.restart()
            self.header = (label.first or label.name) if label.charge is None else label.charge.behind
            self.waiting = [(value.type, value.variable) for value in self.stack if isinstance(value, Kept)]
            self.waiting += zip(label.params, label.variables, strict=True)

    def after_pause(self) -> None:
        """Leave the loop that this begins in, if there is newer code for it."""
        if self.offset != self.place.loop or not self.may_leave:
            return
        is_old = self.value("load atomic volatile i32, ptr %resume monotonic, align 4")
        self.leave_if(self.value(f"icmp ne i32 {is_old}, 0"))

    def leave_if(self, condition: str) -> None:
        """At the loop's label: put all into the frame, as it is there where a guest comes to the label."""
        leaving, going = self.label(), self.label()
        self.branch(condition, leaving, going, UNLIKELY)
        self.begin(leaving)
        for (kind, variable), home in zip(self.locals, self.homes, strict=False):
            self.put(kind, self.value(f"load {LLVM[kind]}, ptr {variable}"), self._home(home))
        for height, value in enumerate(self.stack):
            self.put(value.type, value.operand, self._home_of_operand(height))
        self.leave_with(str(LEFT_LOOP))
        self.begin(going)

    def _home(self, slot: int) -> str:
        """Where a slot of the function's frame is."""
        return self.value(f"getelementptr inbounds nuw i64, ptr %frame, i64 {slot}")

    def _home_of_operand(self, height: int) -> str:
        return self._home(self.place.operands + (height << self.place.spread))

    def find_need(self) -> None:
        """What comes before the loop is not executed."""

    def first_value(self, number: int, kind: str) -> str:
        if number >= len(self.homes) - 1:  # not a local of the function's, but an exception that may be thrown again
            raise NotSupported
        return self.get(kind, self._home(self.homes[number]))

    def first_block(self) -> str:
        if not self.header:
            raise NotSupported
        for height, (kind, variable) in enumerate(self.waiting):
            operand = self.get(kind, self._home_of_operand(height))
            self.emit(f"store {LLVM[kind]} {operand}, ptr {variable}")
        return self.header

    def define(self, lines: list[str]) -> None:
        """The code, and the entry that the interpreter calls."""
        code = f'@"{self.name}.code"'
        result = self.unit.options.convention + self.unit.result_shape(self.type)
        head = f"define internal {result} {code}(ptr %ctx, ptr %sp, ptr %frame, ptr %resume) nounwind {{"
        self.unit.writer.add_function("\n".join([head, *lines, "}"]))
        self.unit.define_resume(self.name, self.type, code, self.place.slots)
