"""Compiling kernels: programs loaded into this process, and object files for other machines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fusee.kernel.calling import Entry, make_callable
from fusee.kernel.check import Checker
from fusee.kernel.check.static import symbol_for
from fusee.kernel.declare import Handler, Instance, Kernel
from fusee.kernel.lower import ModuleWriter
from fusee.kernel.machine import Loaded, Machine
from fusee.kernel.target import Target
from fusee.kernel.tree import Specialised

Code = Kernel[..., Any] | Handler[..., Any] | Instance
Progress = Callable[[int, int], None]

MAIN = "main"


@dataclass(frozen=True)
class Program:
    """What is compiled and loaded together: kernels called from outside, and further code in shards.

    Each shard becomes one object file; the entries, and what no shard holds, are another.
    """

    name: str
    entries: Sequence[Kernel[..., Any]]
    shards: Mapping[str, Sequence[Code]] = field(default_factory=dict)


@dataclass(frozen=True)
class Built:
    """The outcome of a build."""

    objects: dict[str, bytes]
    entries: dict[str, Entry]  # by the kernel's own symbol


class Library:
    """A program in this process. Keep it as long as its code may run."""

    def __init__(self, built: Built) -> None:
        self._built = built
        self._loaded = Loaded(built.objects.values())
        self._functions: dict[str, Callable[..., Any]] = {}

    def function(self, kernel: Kernel[..., Any]) -> Callable[..., Any]:
        """The compiled form of an entry. It takes numbers, addresses and views; it raises what the kernel raises."""
        symbol = symbol_of(kernel)
        known = self._functions.get(symbol)
        if known is None:
            entry = self._built.entries.get(symbol)
            if entry is None:
                raise KeyError(f"{kernel!r} is not an entry of this program")
            address = self._loaded.address(entry.symbol)
            known = self._functions[symbol] = make_callable(entry, address, self._raise_check_failure)
        return known

    def address(self, code: Code) -> int:
        """The address of a kernel's or handler's code, as `Fn` pointers hold it."""
        found = self._loaded.address(symbol_of(code))
        if not found:
            raise KeyError(f"{code!r} is not in this program")
        return found

    def _raise_check_failure(self) -> None:
        raise AssertionError("no checks in this build")


def symbol_of(code: Code) -> str:
    """The linker's name of a kernel, handler or instance."""
    if isinstance(code, Instance):
        kernel: Any = code.kernel
        return symbol_for(kernel.module, kernel.function.__qualname__, tuple(value for _, value in code.static))
    function: Any = code.function
    return symbol_for(code.module, function.__qualname__, ())


def load(
    program: Program, target: Target | None = None, checked: bool = False, progress: Progress | None = None
) -> Library:
    """Compile a program for this process, or take it from the cache."""
    return Library(_build(program, target or Target.host(), checked, progress))


def _build(program: Program, target: Target, checked: bool, progress: Progress | None) -> Built:
    checker = Checker(target)
    machine = Machine(target, for_this_process=True)
    entries = checker.check(program.entries)
    text = _write(checker, MAIN, entries, entries, checked)
    objects = {MAIN: machine.object(text)}
    return Built(objects, {entry.symbol: Entry.of(entry, checked) for entry in entries})


def _write(
    checker: Checker, name: str, roots: Iterable[Specialised], entries: Iterable[Specialised], checked: bool
) -> str:
    module = ModuleWriter(name, checker.types, lambda function: False, checked=checked)
    return module.write(roots, entries)
