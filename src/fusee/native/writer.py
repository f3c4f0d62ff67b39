"""Writing LLVM's text with kernels inlined on operands that are at hand."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fusee.engine.natives.numbers import NUMBER, UNCHANGING
from fusee.kernel.text import BlockWriter
from fusee.native.templates import INVARIANT, RAISE, TAG, Place, Template, with_suffixes
from fusee.native.unit import LLVM
from fusee.spec.op import Op

if TYPE_CHECKING:
    from fusee.native.kernels import Key
    from fusee.native.unit import Unit


_FLOAT_REGISTERS = {"x86_64": "x", "aarch64": "w"}  # LLVM's constraints
_BITS = {"float": "i32", "double": "i64", "<2 x i64>": "<2 x i64>"}


class OperandWriter(BlockWriter):
    """A function in which kernels are inlined."""

    def __init__(self, unit: "Unit") -> None:
        super().__init__(unit.writer)
        self.unit = unit
        self.failures: list[tuple[str, str]] = []  # statuses that kernels raise, unless they go elsewhere, and blocks
        self.accessed = "engine"  # what loads and stores of kernels access now, in the words of `Unit.tag`

    def apply(self, key: "Key", *operands: str) -> str:
        """What a kernel gives; an empty string if it gives nothing."""
        return self.fill(self.template(key), operands)

    def template(self, key: "Key") -> Template:
        """The text of a kernel."""
        return self.unit.kernels.template(key, self.unit.is_volatile(self.accessed))

    def fill(self, template: Template, operands: Sequence[str]) -> str:
        """Append the text of a kernel; what it gives."""
        for name, declaration in template.declared:
            self.module.declare(name, declaration)
        for function in template.defined:
            self._define(function)
        place, failing = Place(operands, self.names, self.block, self._suffix), []
        for status, raising in template.raised:
            self.block = raising.at(place)
            failing.append(self.error_block(status.at(place)))
        if template.head:
            self.head.append(template.head.at(place))
        if template.text:
            self.lines.append(template.text.at(place, failing))
        self.names += template.names
        self.block, self.ended = template.end.at(place), template.is_last
        return template.result.at(place)

    def _define(self, function: str) -> None:
        """What kernels call, once in a unit."""
        if function not in self.unit.called:
            self.unit.called.add(function)
            self.module.add_function(with_suffixes(function, self._suffix))

    def _suffix(self, gap: str) -> str:
        """What names this module's metadata."""
        if gap == TAG:
            return self.unit.tag(self.accessed)
        return self.module.invariance() if gap == INVARIANT else self.module.weights(gap[1:])

    def error_block(self, status: str) -> str:
        """The block to which an error goes from here that a kernel raises."""
        self.failures.append((status, self.block))
        return RAISE

    def use(self, name: str, *operands: str, **static: Any) -> str:
        """The same for one of `engine.natives.inlined`."""
        key = ("inlined", name, *static.items())
        if name not in UNCHANGING:
            return self.apply(key, *operands)
        before, self.accessed = self.accessed, "unchanging"
        found = self.apply(key, *operands)
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
            writer = OperandWriter(self.unit)
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
            writer = OperandWriter(self.unit)
            status = writer.value(f"call i64 {writer.helper('poll')}(ptr %ctx, ptr %top, i32 0, i32 0)")
            writer.end(f"ret i64 {status}")
            kept = self.unit.options.keeping_whole
            head = f"define internal {called}(ptr %ctx, ptr %top) cold noinline nounwind {kept}{{"
            self.unit.writer.add_function("\n".join([head, "entry:", *writer.lines, "}"]))
        return called

    def apart(self, op: Op, type_: str) -> str:
        """The operand that names a function which does what a numeric instruction that may trap does.

        Its parameters are the operands; it gives a status, and the result of LLVM's type `type_`.
        """
        name = f'@"apart.{op.mnemonic}"'
        if name not in self.unit.apart:
            self.unit.apart.add(name)
            parameters = {f"%a{number}": LLVM[kind] for number, kind in enumerate(op.params or ())}
            shape, writer = f"{{i64, {type_}}}", OperandWriter(self.unit)
            result = writer.apply(("meaning", op.mnemonic), *parameters)
            result = writer.value(f"insertvalue {shape} zeroinitializer, {type_} {result}, 1")
            writer.end(f"ret {shape} {result}")
            writer.begin(RAISE)
            status = writer.merge("i64", writer.failures)
            writer.end(f"ret {shape} {writer.value(f'insertvalue {shape} poison, i64 {status}, 0')}")
            listed = ", ".join(f"{item} {operand}" for operand, item in parameters.items())
            head = f"define internal {shape} {name}({listed}) noinline nounwind {{"
            self.unit.writer.add_function("\n".join([head, "entry:", *writer.lines, "}"]))
        return name
