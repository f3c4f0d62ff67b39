"""The checked build: every access, shift, division and narrowing index is tested before it happens.

Memory is judged by shadow bytes, one for eight bytes of the arena that all allocations come from: how
many of the eight, from the first, may be accessed (`fusee.kernel.checkedheap`). What lies outside of the
arena (constants, the stack) is only tested against null. A failed test notes what it is, then
jumps back to the entry that was called from outside, over kernel frames only: no Python code runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusee.kernel.calling import FAILED
from fusee.kernel.lower.debug import source_path
from fusee.kernel.lower.types import llvm_type
from fusee.kernel.text import LIKELY, UNLIKELY
from fusee.kernel.tree.expressions import Binary, Intrinsic, Offset
from fusee.kernel.tree.types import Integer, Reference, Type

if TYPE_CHECKING:
    from fusee.kernel.lower.function import FunctionWriter
    from fusee.kernel.lower.module import ModuleWriter

STATE = "check.state"
STATE_SHAPE = "{ i64, i64, ptr, ptr }"  # arena's start and size, shadow, what all checked code fails by:
FAILING_SHAPE = "{ ptr, ptr, i64 }"  # innermost entry's jump buffer, what has failed, and for which address
_FAILING = f"load ptr, ptr getelementptr ({STATE_SHAPE}, ptr @{STATE}, i32 0, i32 3)"

_RUNTIME = f"""
define internal void @check.access(i64 %address, i64 %size, i64 %mask, ptr %site) noinline nounwind {{
entry:
  %low = and i64 %address, %mask
  %crooked = icmp ne i64 %low, 0
  br i1 %crooked, label %fail, label %place!UNLIKELY
place:
  %start = load i64, ptr @{STATE}
  %extent = load i64, ptr getelementptr ({STATE_SHAPE}, ptr @{STATE}, i32 0, i32 1)
  %first = sub i64 %address, %start
  %inside = icmp ult i64 %first, %extent
  br i1 %inside, label %judge, label %outside
outside:
  %null = icmp ult i64 %address, 4096
  br i1 %null, label %fail, label %fine!UNLIKELY
judge:
  %shadow = load ptr, ptr getelementptr ({STATE_SHAPE}, ptr @{STATE}, i32 0, i32 2)
  %more = sub i64 %size, 1
  %last = add i64 %first, %more
  br label %step
step:
  %at = phi i64 [ %first, %judge ], [ %next, %accessible ]
  %granule = lshr i64 %at, 3
  %where = getelementptr i8, ptr %shadow, i64 %granule
  %byte = load i8, ptr %where
  %end8 = or i64 %at, 7
  %short = icmp ult i64 %last, %end8
  %end = select i1 %short, i64 %last, i64 %end8
  %limit = zext i8 %byte to i64
  %needed = and i64 %end, 7
  %within = icmp ult i64 %needed, %limit
  br i1 %within, label %accessible, label %fail!LIKELY
accessible:
  %next = add i64 %end8, 1
  %done = icmp ugt i64 %next, %last
  br i1 %done, label %fine, label %step
fine:
  ret void
fail:
  call void @check.fail(ptr %site, i64 %address)
  unreachable
}}

define internal void @check.range(i64 %address, i64 %size, ptr %site) noinline nounwind {{
  %empty = icmp eq i64 %size, 0
  br i1 %empty, label %fine, label %test
test:
  call void @check.access(i64 %address, i64 %size, i64 0, ptr %site)
  br label %fine
fine:
  ret void
}}

define internal void @check.fail(ptr %site, i64 %address) cold noinline noreturn nounwind {{
  %failing = {_FAILING}
  %site.place = getelementptr {FAILING_SHAPE}, ptr %failing, i32 0, i32 1
  store ptr %site, ptr %site.place
  %address.place = getelementptr {FAILING_SHAPE}, ptr %failing, i32 0, i32 2
  store i64 %address, ptr %address.place
  %back = load ptr, ptr %failing
  call void @_longjmp(ptr %back, i32 1)
  unreachable
}}
"""


class Checks:
    """Writes the tests of one module."""

    def __init__(self, module: ModuleWriter) -> None:
        self.module = module
        self._sites: dict[str, str] = {}

    # --- tests ---------------------------------------------------------------------------------

    def access(self, writer: FunctionWriter, type_: Type, address: str, aligned: bool) -> None:
        """Before a value is read or written."""
        pointer = isinstance(type_, Reference)
        size = writer.types.target.pointer_width if pointer else writer.types.size(type_)
        mask = (size if pointer else writer.types.alignment(type_)) - 1 if aligned else 0
        number = writer.value(f"ptrtoint ptr {address} to i64")
        site = self._site(writer, f"access of {size} bytes")
        writer.emit(f"call void @check.access(i64 {number}, i64 {size}, i64 {mask}, ptr {site})")

    def range(self, writer: FunctionWriter, address: str, size: str) -> None:
        """Before `size` (a `usize`) bytes are copied or filled."""
        number = writer.value(f"ptrtoint ptr {address} to i64")
        if writer.types.pointer_bits < 64:
            size = writer.value(f"zext i{writer.types.pointer_bits} {size} to i64")
        site = self._site(writer, "access of a range")
        writer.emit(f"call void @check.range(i64 {number}, i64 {size}, ptr {site})")

    def arithmetic(self, writer: FunctionWriter, node: Binary, right: str) -> None:
        """Before a shift or an unsigned division."""
        type_ = node.type
        if not isinstance(type_, Integer):
            return
        if node.op in ("shl", "lshr", "ashr"):
            bad = writer.value(f"icmp uge {llvm_type(type_)} {right}, {type_.bits}")
            self._fail_if(writer, bad, "shift count too large")
        elif node.op in ("udiv", "urem"):
            bad = writer.value(f"icmp eq {llvm_type(type_)} {right}, 0")
            self._fail_if(writer, bad, "division by zero")

    def lane_shift(self, writer: FunctionWriter, bits: int, count: str) -> None:
        """Before all lanes are shifted by a `u32`."""
        self._fail_if(writer, writer.value(f"icmp uge i32 {count}, {bits}"), "shift count too large")

    def division(self, writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> None:
        """Before a signed division."""
        type_ = node.type
        assert isinstance(type_, Integer)
        shape = llvm_type(type_)
        self._fail_if(writer, writer.value(f"icmp eq {shape} {operands[1]}, 0"), "division by zero")
        least = writer.value(f"icmp eq {shape} {operands[0]}, {-(1 << (type_.bits - 1))}")
        minus_one = writer.value(f"icmp eq {shape} {operands[1]}, -1")
        self._fail_if(writer, writer.value(f"and i1 {least}, {minus_one}"), "division overflows")

    def index(self, writer: FunctionWriter, node: Offset, index: str) -> None:
        """Before an index is narrowed to the width of a pointer, or names an element of an array of known length."""
        type_ = node.index.type
        assert isinstance(type_, Integer)
        bits = writer.types.pointer_bits
        if type_.bits > bits and not type_.signed:
            bad = writer.value(f"icmp uge i{type_.bits} {index}, {1 << bits}")
            self._fail_if(writer, bad, "index does not fit in an address")
        if node.bound and node.bound < 1 << type_.bits:
            bad = writer.value(f"icmp uge i{type_.bits} {index}, {node.bound}")
            self._fail_if(writer, bad, f"index of an array of {node.bound}")

    def unreachable(self, writer: FunctionWriter) -> None:
        writer.emit(f"call void @check.fail(ptr {self._site(writer, 'unreachable() was reached')}, i64 0)")

    def _fail_if(self, writer: FunctionWriter, condition: str, message: str) -> None:
        failing, going = writer.label(), writer.label()
        writer.branch(condition, failing, going, "unlikely")
        writer.begin(failing)
        self.failure(writer, message)
        writer.begin(going)

    def failure(self, writer: FunctionWriter, message: str) -> None:
        """A place that is only reached if a test has failed."""
        writer.emit(f"call void @check.fail(ptr {self._site(writer, message)}, i64 0)")
        writer.end("unreachable")

    def _site(self, writer: FunctionWriter, message: str) -> str:
        """A constant text that says where in the source a test is."""
        function = writer.frames[-1].function
        directory, name = source_path(function.file)
        text = f"{directory}/{name}:{writer.line}: {message} in {function.name}"
        if text not in self._sites:
            self._sites[text] = f"@check.site.{len(self._sites)}"
        return self._sites[text]

    # --- the module's part ---------------------------------------------------------------------

    def guard(self) -> list[str]:
        """The start of an entry: remember where a failed check comes back to."""
        return [
            "  %buffer = alloca [512 x i8], align 16",
            "  %outer = alloca ptr",
            f"  %jump = {_FAILING}",
            "  %before = load ptr, ptr %jump",
            "  store volatile ptr %before, ptr %outer",
            "  store ptr %buffer, ptr %jump",
            "  %returned = call i32 @_setjmp(ptr %buffer) returns_twice",
            "  %failed = icmp ne i32 %returned, 0",
            "  br i1 %failed, label %left, label %go",
            "left:",
            f"  %jump.left = {_FAILING}",
            "  %again = load volatile ptr, ptr %outer",
            "  store ptr %again, ptr %jump.left",
            f"  ret i64 {FAILED}",
            "go:",
        ]

    def release(self) -> list[str]:
        """The end of an entry."""
        return [
            f"  %jump.end = {_FAILING}",
            "  %restored = load volatile ptr, ptr %outer",
            "  store ptr %restored, ptr %jump.end",
        ]

    def write(self, *, defines_state: bool) -> None:
        """Add the runtime's functions and data to the module."""
        self.module.declare("_longjmp", "declare void @_longjmp(ptr, i32) noreturn")
        self.module.declare("_setjmp", "declare i32 @_setjmp(ptr) returns_twice")
        if defines_state:
            self.module.add_function(f"@{STATE} = global {STATE_SHAPE} zeroinitializer")
        else:
            self.module.add_function(f"@{STATE} = external global {STATE_SHAPE}")
        for text, name in self._sites.items():
            escaped = text.replace("\\", "/").replace('"', "'")
            size = len(escaped.encode()) + 1
            self.module.add_function(f'{name} = private constant [{size} x i8] c"{escaped}\\00"')
        self.module.add_function(self._runtime())

    def _runtime(self) -> str:
        text = _RUNTIME
        for which in (UNLIKELY, LIKELY):
            text = text.replace(f"!{which.upper()}", self.module.weights(which))
        return text
