"""Compiles a program: checks it and turns each part into an object file, in parallel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial

from fusee.kernel.cache import Cache, digest
from fusee.kernel.calling import Entry
from fusee.kernel.check import Checker
from fusee.kernel.division import Mentions, Remainder, divide_shards, mentions_of
from fusee.kernel.lower import ModuleWriter
from fusee.kernel.machine import Machine
from fusee.kernel.objects import checked_object
from fusee.kernel.parallel import run_jobs
from fusee.kernel.program import Code, Program, Progress
from fusee.kernel.target import Target
from fusee.kernel.tree.functions import Specialised
from fusee.kernel.uncollected import uncollected

__all__ = ["Code", "Compilation", "Options", "Program", "Progress"]

_MAIN_WEIGHT = 8  # a kernel of the main parts takes as long as so many handlers


@dataclass(frozen=True)
class Options:
    """How a program is compiled."""

    target: Target
    for_this_process: bool
    checked: bool = False
    debug: bool = False
    for_size: bool = False


@dataclass(frozen=True)
class _Made:
    """A part as an object file, its key in the cache, and what it asks of the main parts."""

    key: str
    contents: bytes
    mentions: Mentions | None


class Compilation:
    """A program's division into parts, each of which becomes an object file.

    The entries are checked at once, with what they reach. Handlers in shards, which are nearly all of a large program,
    are only declared: whoever compiles a part checks it first, in a process of its own where that can be, and says
    what it mentions of the main parts. So these come last.
    """

    def __init__(self, program: Program, options: Options) -> None:
        self.program = program
        self.options = options
        self.machine = Machine(options.target, for_this_process=options.for_this_process)
        self.checker = Checker(options.target)
        with uncollected():
            shards = {name: self.checker.declare(codes) for name, codes in program.shards.items()}
            self.entries = self.checker.check(program.entries)
            self.shard_parts = divide_shards(shards, self.entries)
            self.checker.check_declared(self.entries)
        self._compact = tuple(f"{name}." for name in program.compact)
        self._homes = {function: part for part, functions in self.shard_parts.items() for function in functions}
        self._mentions: dict[str, Mentions] = {}

    def _check(self, part: str) -> Mentions:
        """Check a part of a shard; what it mentions outside of the shards."""
        if part not in self._mentions:
            self.checker.check_declared(self.shard_parts[part])
            self._mentions[part] = mentions_of(self.shard_parts[part], self._homes)
        return self._mentions[part]

    @cached_property
    def remainder(self) -> Remainder:
        """What no shard holds: the entries, and everything that is reached from anywhere."""
        mentioned = set[str]()
        for part, functions in self.shard_parts.items():
            for symbol, place in self._check(part).functions.items():
                mentioned.add(symbol)
                if symbol not in self.checker.functions:  # another process has checked the part
                    self.checker.check_declared([functions[place]])
        functions = [self.checker.functions[symbol] for symbol in sorted(mentioned)]
        return Remainder(self.entries, functions, self._homes, whole=self.options.for_size)

    @property
    def main_parts(self) -> dict[str, list[Specialised]]:
        """The parts that hold the remainder."""
        return self.remainder.parts

    @property
    def parts(self) -> dict[str, list[Specialised]]:
        """The functions of each object file."""
        return {**self.main_parts, **self.shard_parts}

    @property
    def modules(self) -> set[str]:
        """The modules that the program's kernels are in, and that it is listed in."""
        home = {self.program.home} - {""}
        return self.remainder.modules.union(home, *(self._check(part).modules for part in self.shard_parts))

    def entry_table(self) -> dict[str, Entry]:
        """How each entry is called, by the kernel's symbol."""
        return {entry.symbol: Entry.of(entry, self.options.checked) for entry in self.entries}

    def _is_for_size(self, function: Specialised) -> bool:
        """Whether the smallest code is wanted of a function: in all of a program, or in some of its modules."""
        return self.options.for_size or f"{function.source.module}.".startswith(self._compact)

    def text(self, part: str) -> str:
        """One part as LLVM's text, which does not depend on whether this process has looked at others."""
        is_shard = part in self.shard_parts
        if is_shard:
            self._check(part)
        functions = self.shard_parts[part] if is_shard else self.main_parts[part]
        own = set(functions)
        writer = ModuleWriter(
            f"{self.program.name}.{part}",
            self.checker.types,
            lambda function: function not in own,
            lambda function: is_shard or self.remainder.is_shared(function) or function in self.entries,
            checked=self.options.checked,
            debug=self.options.debug,
            for_size=self._is_for_size,
            inlines_others=not is_shard,
            far_apart=self.options.for_this_process,
            instructions=self.machine.instructions,
        )
        entries = [entry for entry in self.entries if entry in own]
        return writer.write(functions, entries, defines_state=not is_shard and part == next(iter(self.main_parts)))

    def object(self, part: str, cache: Cache) -> _Made:
        """One part as object file; from the cache if the same text was compiled before."""
        text = self.text(part)
        key = digest(text, self.machine.description)
        found = cache.decoded("objects", key, partial(checked_object, self.options.target.object_format))
        if found is None:
            found = self.machine.object(text, is_quick=part in self.shard_parts)
            cache.write("objects", key, found)
        return _Made(key, found, self._mentions.get(part))

    def objects(self, cache: Cache, progress: Progress | None) -> dict[str, tuple[str, bytes]]:
        """All parts as object files, with their keys."""
        kernels = [f for f in self.checker.functions.values() if not (f.inline or f.external or f in self._homes)]
        total, done = len(self._homes) + _MAIN_WEIGHT * len(kernels), 0
        made: dict[str, _Made] = {}
        if progress:
            progress(0, total)
        with uncollected():
            for part, contents in self._compiled(cache):
                made[part] = contents
                if part in self.shard_parts:
                    done += len(self.shard_parts[part])
                else:
                    done += _MAIN_WEIGHT * len(self.main_parts[part])
                    total = len(self._homes) + _MAIN_WEIGHT * sum(map(len, self.main_parts.values()))
                if progress:
                    progress(done, total)
        return {name: (made[name].key, made[name].contents) for name in self.parts}

    def _compiled(self, cache: Cache) -> Iterator[tuple[str, _Made]]:
        """The parts in the order of completion."""
        for part, made in run_jobs(list(self.shard_parts), lambda part: self.object(part, cache)):
            assert made.mentions is not None
            self._mentions[part] = made.mentions
            yield part, made
        yield from run_jobs(self.remainder.longest_first(), lambda part: self.object(part, cache))
