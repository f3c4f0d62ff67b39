"""Writing LLVM's text with kernels inlined on operands that are at hand."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fusee.engine.natives.inlined import UNCHANGING
from fusee.engine.natives.numbers import NUMBER
from fusee.kernel.lower.function import FunctionWriter, lowers
from fusee.kernel.lower.inline import inlined_results
from fusee.kernel.lower.rules import call
from fusee.kernel.lower.types import llvm_type, result_items
from fusee.kernel.tree.expressions import Call, Node
from fusee.kernel.tree.functions import Specialised
from fusee.kernel.tree.types import Boolean, Type
from fusee.native.templates import RAISE, Place, Template, stand_in

if TYPE_CHECKING:
    from fusee.native.unit import Unit


_FLOAT_REGISTERS = {"x86_64": "x", "aarch64": "w"}  # LLVM's constraints
_FLOAT_OPS = ("fadd", "fsub", "fmul", "fdiv")
_SUFFIXES = {"float": "f32", "double": "f64"}  # in the names of LLVM's intrinsics
_STRICT = ('metadata !"round.tonearest"', 'metadata !"fpexcept.maytrap"')
_BITS = {"float": "i32", "double": "i64", "<2 x i64>": "<2 x i64>"}


class Given(Node):
    """An operand that has been computed."""

    operand: str


@lowers(Given)
def _given(writer: FunctionWriter, node: Given) -> str:
    return node.operand


def _call(function: Specialised, operands: Sequence[str]) -> Call:
    arguments = [Given(p.type, 0, operand) for p, operand in zip(function.parameters, operands, strict=True)]
    return Call(function.result, 0, function, tuple(arguments))


class OperandWriter(FunctionWriter):
    """A function in which kernels are inlined, or called."""

    def __init__(self, unit: "Unit", function: Specialised) -> None:
        super().__init__(unit.writer, function)
        self.unit = unit
        self.accessed = "engine"  # what loads and stores of kernels access now, in the words of `Unit.tag`

    def apply(self, function: Specialised, *operands: str) -> str:
        """What a kernel gives; an empty string if it gives nothing."""
        if not function.inline:
            return self.lower(_call(function, operands))
        key = function, self.accessed
        if key not in self.unit.templates:
            self.unit.templates[key] = self._template(function)
        template = self.unit.templates[key]
        if template is None:
            return self._inline(function, operands)
        return self._fill(template, operands)

    def _fill(self, template: Template, operands: Sequence[str]) -> str:
        """Append the text of a kernel; what it gives."""
        place, failing = Place(operands, self.names, self.block), []
        for status, raising in template.raised:
            self.block = raising.at(place)
            failing.append(self.error_block(status.at(place)))
        if template.parts != [""]:
            self.lines.append(template.at(place, failing))
        self.names += template.names
        self.block = template.end.at(place)
        return template.result.at(place)

    def error_block(self, status: str) -> str:
        """The block to which an error goes from here that a kernel raises."""
        frame = self.frames[0]
        frame.raised = [*(frame.raised or []), (status, self.block)]
        return RAISE

    def _inline(self, function: Specialised, operands: Sequence[str]) -> str:
        results = inlined_results(self, _call(function, operands))
        return results[0] if result_items(function) else ""

    def _template(self, function: Specialised) -> Template | None:
        """The text of a kernel, if that has an end, and no variables."""
        writer = OperandWriter(self.unit, self.function)
        writer.accessed = self.accessed
        result = writer._inline(function, [stand_in(number) for number in range(len(function.parameters))])
        if writer.ended or writer.head:
            return None
        return Template.of(writer.lines, result, writer.names, writer.frames[0].raised or [], writer.block)

    def arithmetic(self, op: str, type_: str, left: str, right: str) -> str:
        """As one that may raise a floating-point exception, an operation is done even if it is `x * 1`.

        LLVM takes that, and what is like it, for `x`, also where that is a signalling NaN, and also where it finds out
        later that an operand is 1 (spec 4.3.3, fmul: the result is a quiet NaN).
        """
        if op not in _FLOAT_OPS:
            return super().arithmetic(op, type_, left, right)
        lanes, _, element = type_.strip("<>").rpartition(" x ")
        suffix = f"{lanes and f'v{lanes}'}{_SUFFIXES[element]}"
        operands = f"{type_} {left}", f"{type_} {right}"
        return call(self, f"llvm.experimental.constrained.{op}.{suffix}", type_, *operands, *_STRICT)

    def use(self, name: str, *operands: str, **static: Any) -> str:
        """The same for one of `engine.natives.inlined`."""
        function = self.unit.kernels.inlined(name, **static)
        if name not in UNCHANGING:
            return self.apply(function, *operands)
        before, self.accessed = self.accessed, "unchanging"
        found = self.apply(function, *operands)
        self.accessed = before
        return found

    def opaque(self, type_: str, operand: str) -> str:
        """The same value, of which LLVM knows nothing."""
        place = "r" if type_ in ("i32", "i64") else _FLOAT_REGISTERS.get(self.unit.options.target.architecture)
        if place is not None:
            return self.value(f'call {type_} asm "", "={place},0"({type_} {operand})')
        bits = _BITS[type_]
        number = self.value(f"bitcast {type_} {operand} to {bits}")
        number = self.value(f'call {bits} asm "", "=r,0"({bits} {number})')
        return self.value(f"bitcast {bits} {number} to {type_}")

    def helper(self, name: str) -> str:
        """The operand to call a helper by."""
        address = self.use("helper_at", "%ctx", number=NUMBER[name])
        return self.value(f"inttoptr {self.unit.word} {address} to ptr")

    def note(self, which: str) -> str:
        """The operand that names what notes a frame which an error leaves; it gives the status back."""
        name = f"@{which}"
        if which not in self.unit.notes:
            self.unit.notes.add(which)
            writer = OperandWriter(self.unit, self.function)
            writer.emit(f"call i64 {writer.helper(which)}(ptr %ctx, ptr %ctx, i32 %function, i32 %offset)")
            head = f"define internal i64 {name}(ptr %ctx, i64 %status, i32 %function, i32 %offset)"
            lines = [f"{head} cold noinline nounwind {{", "entry:", *writer.lines, "  ret i64 %status", "}"]
            self.unit.writer.add_function("\n".join(lines))
        return name

    def pausing(self) -> str:
        """What to call so that the guest pauses, which leaves registers as they are: nothing need be kept for it."""
        called = f"{self.unit.options.keeping}i64 @pause"
        if "pause" not in self.unit.notes:
            self.unit.notes.add("pause")
            writer = OperandWriter(self.unit, self.function)
            status = writer.value(f"call i64 {writer.helper('poll')}(ptr %ctx, ptr %top, i32 0, i32 0)")
            writer.end(f"ret i64 {status}")
            head = f"define internal {called}(ptr %ctx, ptr %top) cold noinline nounwind {{"
            self.unit.writer.add_function("\n".join([head, "entry:", *writer.lines, "}"]))
        return called

    def apart(self, mnemonic: str, type_: str) -> str:
        """The operand that names a function which does what a numeric instruction that may trap does.

        Its parameters are the operands; it gives a status, and the result of LLVM's type `type_`.
        """
        name = f'@"apart.{mnemonic}"'
        if name not in self.unit.apart:
            self.unit.apart.add(name)
            function = self.unit.kernels.meaning(mnemonic)
            parameters = {f"%a{number}": llvm_type(one.type) for number, one in enumerate(function.parameters)}
            shape, writer = f"{{i64, {type_}}}", OperandWriter(self.unit, self.function)
            result = writer.apply(function, *parameters)
            result = writer.value(f"insertvalue {shape} zeroinitializer, {type_} {result}, 1")
            writer.end(f"ret {shape} {result}")
            writer.begin("raise")
            status = writer.merge("i64", writer.frames[0].raised or [])
            writer.end(f"ret {shape} {writer.value(f'insertvalue {shape} poison, i64 {status}, 0')}")
            listed = ", ".join(f"{item} {operand}" for operand, item in parameters.items())
            head = f"define internal {shape} {name}({listed}) noinline nounwind {{"
            self.unit.writer.add_function("\n".join([head, "entry:", *writer.lines, "}"]))
        return name

    def load(self, type_: Type, address: str, aligned: bool, is_invariant: bool = False) -> str:
        if isinstance(type_, Boolean):
            return super().load(type_, address, aligned, is_invariant)
        self.location, self.is_volatile = self.unit.tag(self.accessed), self.unit.is_volatile(self.accessed)
        loaded = super().load(type_, address, aligned, is_invariant)
        self.location, self.is_volatile = "", False
        return loaded

    def store(self, type_: Type, operand: str, address: str, aligned: bool) -> None:
        if isinstance(type_, Boolean):
            super().store(type_, operand, address, aligned)
            return
        self.location, self.is_volatile = self.unit.tag(self.accessed), self.unit.is_volatile(self.accessed)
        super().store(type_, operand, address, aligned)
        self.location, self.is_volatile = "", False
