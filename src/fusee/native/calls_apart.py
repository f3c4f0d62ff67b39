"""Calls through a `Func` that are not inlined: where a function has very many, each kind is a function of its own.

What is inlined of one are some sixty lines of LLVM's text, and three calls of which it does not know what they change.
Where there are hundreds LLVM takes more time than in proportion: before each it looks for what the others did.
"""

from collections.abc import Callable, Sequence
from typing import Final

from fusee.native.frame import FrameWriter
from fusee.native.joining import way_to
from fusee.native.labels import Error, Handler
from fusee.native.module import FuncType
from fusee.native.unit import LLVM, Unit

MOST_CALLS: Final = 250  # through a `Func` that are inlined in a function

Body = Callable[[FrameWriter, str, list[str]], list[str]]


class _Apart(FrameWriter):
    """A function that calls another one, in the frame of its caller, who notes its errors."""

    def __init__(self, unit: Unit, type_: FuncType) -> None:
        super().__init__(unit, 0)
        self.type = type_

    def raises_to(
        self, status: str, errors: list[Error], offset: str = "", handlers: Sequence[Handler] | None = None
    ) -> str:
        assert errors is self.passed_on, "what it raised itself would have to be noted otherwise"
        self.exits.append(([status, *("poison" for _ in self.type.results)], self.block))
        return way_to("left", len(self.exits) - 1)


def call_apart(c: FrameWriter, type_: FuncType, name: str, func: str, arguments: list[str], body: Body) -> list[str]:
    """Call what calls a `Func` as `body` does, which is given the writer, the `Func` and the arguments.

    `name`: no other body of the unit has. Gives status and results.
    """
    kinds, symbol, shape = [LLVM[kind] for kind in type_.params], f'@"call.{name}"', c.unit.result_shape(type_)
    if symbol not in c.unit.apart:
        c.unit.apart.add(symbol)
        _define(c.unit, type_, symbol, body)
    given = "".join(f", {kind} {operand}" for kind, operand in zip(kinds, arguments, strict=True))
    outcome = c.value(f"call {shape} {symbol}(ptr %ctx, ptr %top, ptr {func}{given})")
    if not type_.results:
        return [outcome]
    return [c.value(f"extractvalue {shape} {outcome}, {number}") for number in range(len(type_.results) + 1)]


def _define(unit: Unit, type_: FuncType, symbol: str, body: Body) -> None:
    """Add the function that is called."""
    writer, names = _Apart(unit, type_), [f"%a{number}" for number in range(len(type_.params))]
    writer.leave(["0", *body(writer, "%func", names)])
    writer.end_exits()
    given = "".join(f", {LLVM[kind]} {name}" for kind, name in zip(type_.params, names, strict=True))
    head = f"define internal {unit.result_shape(type_)} {symbol}(ptr %ctx, ptr %top, ptr %func{given})"
    lines = [f"{head} noinline nounwind {{", "entry:", *writer.head, *writer.lines, "}"]
    unit.writer.add_function("\n".join(lines))
