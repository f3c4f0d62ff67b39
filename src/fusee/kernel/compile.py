"""Compiles a program: checks everything, then turns each part into an object file, in parallel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from fusee.kernel.cache import Cache, digest
from fusee.kernel.calling import Entry
from fusee.kernel.check import Checker
from fusee.kernel.declare import Handler, Instance, Kernel
from fusee.kernel.lower import ModuleWriter
from fusee.kernel.machine import Machine
from fusee.kernel.parallel import run_jobs
from fusee.kernel.target import Target
from fusee.kernel.tree import Specialised

Code = Kernel[..., Any] | Handler[..., Any] | Instance
Progress = Callable[[int, int], None]

MAIN = "main"
_PART_FUNCTIONS = 250  # a shard is compiled in parts of so many: small enough to share the work and to show progress


@dataclass(frozen=True)
class Program:
    """What is compiled and loaded together: kernels called from outside, and further code in shards.

    Each shard becomes object files of its own; the entries, and what no shard holds, are another.
    """

    name: str
    entries: Sequence[Kernel[..., Any] | Instance]
    shards: Mapping[str, Sequence[Code]] = field(default_factory=dict)
    compact: Sequence[str] = ()  # packages whose kernels are compiled for size in any case


@dataclass(frozen=True)
class Options:
    """How a program is compiled."""

    target: Target
    for_this_process: bool
    checked: bool = False
    debug: bool = False
    for_size: bool = False


class Compilation:
    """A checked program and its division into parts, each of which becomes an object file."""

    def __init__(self, program: Program, options: Options) -> None:
        self.program = program
        self.options = options
        self.machine = Machine(options.target, for_this_process=options.for_this_process)
        self.checker = Checker(options.target)
        codes = [code for codes in program.shards.values() for code in codes]
        checked = self.checker.check([*program.entries, *codes])
        self.entries = checked[: len(program.entries)]
        self.parts = self._divide(checked[len(program.entries) :])
        self.main_parts = self._divide_rest()
        self.parts = {**self.main_parts, **self.parts}
        self._homes = {function: name for name, functions in self.parts.items() for function in functions}
        self._shared = self._needed_elsewhere()

    def _divide(self, functions: Iterable[Specialised]) -> dict[str, list[Specialised]]:
        """The shards' functions, small shards together and large ones in pieces."""
        parts: dict[str, list[Specialised]] = {}
        taken: set[Specialised] = set(self.entries)
        remaining = iter(functions)
        current = ""
        for name, codes in self.program.shards.items():
            for function in islice(remaining, len(codes)):
                if function in taken:
                    continue
                taken.add(function)
                if not current or len(parts[current]) >= _PART_FUNCTIONS:
                    current = f"{name}.{len(parts)}"
                    parts[current] = []
                parts[current].append(function)
        return parts

    def _divide_rest(self) -> dict[str, list[Specialised]]:
        """What no shard holds, by package: the entries, and everything that is reached.

        For size it is one part: what has a single caller can go there, and tables are not needed twice.
        """
        taken = {function for functions in self.parts.values() for function in functions}
        parts: dict[str, list[Specialised]] = {}
        for function in self.checker.functions.values():
            if not function.inline and function not in taken:
                package = "" if self.options.for_size else function.source.module.rpartition(".")[0]
                parts.setdefault(package or MAIN, []).append(function)
        return parts

    def _needed_elsewhere(self) -> set[Specialised]:
        """What the parts must let each other see: what other parts or inline kernels mention.

        A part may hold a copy of another's small function to inline it, so what such a function mentions counts too.
        """
        needed = {
            callee
            for function in self.checker.functions.values()
            for callee in function.references
            if function.inline or self._homes[function] != self._homes.get(callee)
        }
        pending = list(needed)
        while pending:
            following = set(pending.pop().references) - needed
            needed |= following
            pending += following
        return needed

    def entry_table(self) -> dict[str, Entry]:
        """How each entry is called, by the kernel's symbol."""
        return {entry.symbol: Entry.of(entry, self.options.checked) for entry in self.entries}

    def text(self, part: str) -> str:
        """One part as LLVM's text."""
        writer = ModuleWriter(
            f"{self.program.name}.{part}",
            self.checker.types,
            lambda function: self._homes[function] != part,
            lambda function: function in self._shared or function in self.entries,
            checked=self.options.checked,
            debug=self.options.debug,
            for_size=self.options.for_size or part in self.program.compact,
            inlines_others=part in self.main_parts,
            far_apart=self.options.for_this_process,
        )
        entries = [entry for entry in self.entries if self._homes[entry] == part]
        return writer.write(self.parts[part], entries, defines_state=part == next(iter(self.parts)))

    def object(self, part: str, cache: Cache) -> tuple[str, bytes]:
        """One part as object file, with its key; from the cache if the same text was compiled before."""
        text = self.text(part)
        key = digest(text, self.machine.description)
        found = cache.read("objects", key)
        if found is None:
            found = self.machine.object(text, handlers=part not in self.main_parts)
            cache.write("objects", key, found)
        return key, found

    def objects(self, cache: Cache, progress: Progress | None) -> dict[str, tuple[str, bytes]]:
        """All parts as object files, with their keys."""
        total, done = sum(map(len, self.parts.values())), 0
        made: dict[str, tuple[str, bytes]] = {}
        if progress:
            progress(0, total)
        for name, contents in run_jobs(list(self.parts), lambda part: self.object(part, cache)):
            made[name] = contents
            done += len(self.parts[name])
            if progress:
                progress(done, total)
        return {name: made[name] for name in self.parts}
