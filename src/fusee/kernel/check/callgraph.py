"""What the graph of calls says: which kernels may raise, that no error is lost, and that inlining ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fusee.kernel.diagnostic import CompileError, span_of
from fusee.kernel.source import syntax_of
from fusee.kernel.tree.functions import Specialised


def propagate_raising(checked: Sequence[Specialised]) -> None:
    """A kernel may raise if it raises, or calls one that may. Of what was checked before this is known."""
    callers: dict[Specialised, list[Specialised]] = {}
    found: list[Specialised] = []
    for function in checked:
        for callee in function.calls:
            callers.setdefault(callee, []).append(function)
        if function.raise_syntax or any(callee.may_raise for callee in function.calls):
            found.append(function)
    while found:
        function = found.pop()
        if not function.may_raise:
            function.may_raise = True
            found += callers.get(function, ())


def refuse_lost_errors(checked: Iterable[Specialised]) -> None:
    """A handler that may raise says where errors go."""
    for function in checked:
        if function.handler and function.may_raise and function.raises_to is None:
            calls = (node for callee, node in function.calls.items() if callee.may_raise)
            where = span_of(function.file, function.raise_syntax or next(calls))
            message = f"`{function.name}` may raise here, and does not say where errors go"
            raise CompileError(message, where, "`@handler(raises_to=…, status=…)`")


def refuse_endless_inlining(checked: Iterable[Specialised], finished: set[Specialised]) -> None:
    """An inline kernel cannot reach itself through inline kernels; `finished` has those that are known not to."""

    def visit(function: Specialised, path: tuple[Specialised, ...]) -> None:
        if function in path:
            where = span_of(function.file, syntax_of(function.source.function))
            raise CompileError(f"`{function.name}` is inlined into itself", where, "drop `inline=True`")
        if function not in finished:
            for callee in function.references:
                if callee.inline:
                    visit(callee, (*path, function))
            finished.add(function)

    for function in checked:
        if function.inline:
            visit(function, ())
