"""Native code that begins in a loop of a function: for one that is in it, interpreted, when it gets native code.

It is the function compiled once more, but it begins at the loop's label, with locals and operands from where the
interpreter has them there: in the slots of the function's frame. Whatever operand waits around the loop is a variable,
so that it does not matter from where the label is come to.
"""

from itertools import accumulate

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

    def __init__(self, unit: Unit, place: Place) -> None:
        super().__init__(unit, place.function)
        self.place = place
        self.name = unit.options.resume_symbol(place.function, place.loop)
        self.header = ""  # the loop's label, once it has been come to
        self.homes = [0, *accumulate(map(slots_of, self.local_types))]  # slots of locals
        self.waiting: list[tuple[str, str]] = []  # types and variables of the operand stack there

    def before_block(self, kind: str) -> None:
        if not self.header:
            self.stack = [value if isinstance(value, Kept) else Kept.of(self, value) for value in self.stack]

    def after_label(self, label: Label) -> None:
        if self.offset == self.place.loop:
            self.header = (label.first or label.name) if label.charge is None else label.charge.behind
            self.waiting = [(value.type, value.variable) for value in self.stack if isinstance(value, Kept)]
            self.waiting += zip(label.params, label.variables, strict=True)

    def find_need(self) -> None:
        """What comes before the loop is not executed."""

    def first_value(self, number: int, kind: str) -> str:
        if number >= len(self.homes) - 1:  # not a local of the function's, but an exception that may be thrown again
            raise NotSupported
        return self.get(kind, self.value(f"getelementptr inbounds nuw i64, ptr %frame, i64 {self.homes[number]}"))

    def first_block(self) -> str:
        if not self.header:
            raise NotSupported
        for height, (kind, variable) in enumerate(self.waiting):
            slot = self.place.operands + (height << self.place.spread)
            operand = self.get(kind, self.value(f"getelementptr inbounds nuw i64, ptr %frame, i64 {slot}"))
            self.emit(f"store {LLVM[kind]} {operand}, ptr {variable}")
        return self.header

    def define(self, lines: list[str]) -> None:
        """The code, and the entry that the interpreter calls."""
        code = f'@"{self.name}.code"'
        result = self.unit.options.convention + self.unit.result_shape(self.type)
        head = f"define internal {result} {code}(ptr %ctx, ptr %sp, ptr %frame) nounwind {{"
        self.unit.writer.add_function("\n".join([head, *lines, "}"]))
        self.unit.define_resume(self.name, self.type, code, self.place.slots)
