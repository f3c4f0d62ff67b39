"""Errors in a function: where what is raised goes, and how it leaves."""

from __future__ import annotations

from collections.abc import Sequence

from fusee.kernel.text import UNLIKELY
from fusee.native.joining import MOST_JOINED, lead_on, parts, way_to
from fusee.native.labels import Error, Handler
from fusee.native.memories import MemoryWriter
from fusee.native.module import FuncType
from fusee.native.unit import LLVM, Unit


class RaisingWriter(MemoryWriter):
    """A function whose errors go to one block, unless something in it catches them."""

    def __init__(self, unit: Unit, index: int) -> None:
        super().__init__(unit)
        self.index = index
        self.type: FuncType = unit.module.type_of(index)
        self.offset = 0  # of the instruction that is written
        self.raised: list[Error] = []  # by this function
        self.passed_on: list[Error] = []  # what was called has raised
        self.handlers: list[Handler] = []  # those that cover what is written now, the innermost last
        self.exits: list[tuple[list[str], str]] = []  # status and results, and from which block they come

    def error_block(self, status: str) -> str:
        return self.raises_to(status, self.raised)

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
        self.leave([status, *("poison" for _ in self.type.results)])

    def leave(self, operands: list[str]) -> None:
        """Return status and results."""
        self.exits.append((operands, self.block))
        self.jump(way_to("left", len(self.exits) - 1))

    def end_exits(self) -> None:
        """Give status and results to the caller.

        They come together one by one. What LLVM joins as a whole it does not take apart: where the function is inlined,
        it would look once more whether there is an error on a way on which there is none.
        """
        shape = self.unit.result_shape(self.type)
        for name, exits in parts("left", self.exits):
            self.begin(name)
            status, *results = (
                self.merge(type_, [(operands[number], block) for operands, block in exits])
                for number, type_ in enumerate(["i64", *map(LLVM.__getitem__, self.type.results)])
            )
            if not results:
                self.end(f"ret i64 {status}")
                continue
            given = f"{shape} {self.value(f'insertvalue {shape} poison, i64 {status}, 0')}"
            for number, (kind, result) in enumerate(zip(self.type.results, results, strict=True), 1):
                given = f"{shape} {self.value(f'insertvalue {given}, {LLVM[kind]} {result}, {number}')}"
            self.end(f"ret {given}")

    def end_errors(self) -> None:
        """Note the frame, and give the status to the caller."""
        for name, errors, note in (("raised", self.raised, "note_first"), ("passed", self.passed_on, "note_further")):
            for part, some in parts(name, errors):
                status, offset = self.merge_errors(part, some)
                noted = f"call i64 {self.note(note)}(ptr %ctx, i64 {status}, i32 {self.index}, i32 {offset})"
                self.leave_with(self.value(f"{noted} nomerge" if len(errors) > MOST_JOINED else noted))
