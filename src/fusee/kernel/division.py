"""How a program is divided into object files: shards in pieces, and the remainder by package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from fusee.kernel.plain import Plain
from fusee.kernel.source import syntax_of
from fusee.kernel.tree.functions import Specialised

MAIN = "main"
_PART_FUNCTIONS = 250  # a shard is compiled in parts of so many: small enough to share the work and to show progress


def divide_shards(
    shards: Mapping[str, Iterable[Specialised]], entries: Iterable[Specialised]
) -> dict[str, list[Specialised]]:
    """The shards' functions, small shards together and large ones in pieces; entries are not among them.

    A large one begins with a part of its own.
    """
    parts: dict[str, list[Specialised]] = {}
    taken = set(entries)
    current = ""
    for name, shard in shards.items():
        functions = list(shard)
        if len(functions) >= _PART_FUNCTIONS:
            current = ""
        for function in functions:
            if function in taken:
                continue
            taken.add(function)
            if not current or len(parts[current]) >= _PART_FUNCTIONS:
                current = f"{name}.{len(parts)}"
                parts[current] = []
            parts[current].append(function)
    return parts


class Mentions(Plain, frozen=True):
    """What a part of a shard needs: a message between processes, which do not share what each has checked."""

    functions: dict[str, int]  # by symbol: the place in the part of the first function that leads there
    modules: set[str]


def mentions_of(part: Sequence[Specialised], homes: Mapping[Specialised, str]) -> Mentions:
    """The functions outside of all shards that a part mentions, itself or in what is inlined into it."""
    found: dict[str, int] = {}
    modules: set[str] = set()
    seen: set[Specialised] = set()
    for place, function in enumerate(part):
        pending = [function]
        while pending:
            current = pending.pop()
            modules.add(current.source.module)
            for callee in current.references:
                if callee in seen or callee in homes:
                    continue
                seen.add(callee)
                if callee.inline:
                    pending.append(callee)
                else:
                    found[callee.symbol] = place
    return Mentions(found, modules)


class Remainder:
    """What no shard holds: the entries, what shards mention, and all that these reach."""

    def __init__(
        self,
        entries: Sequence[Specialised],
        mentioned: Sequence[Specialised],
        homes: Mapping[Specialised, str],
        *,
        whole: bool,
    ) -> None:
        self._mentioned = mentioned
        self._functions = _reached([*entries, *mentioned], homes)
        self.parts = self._divide(whole)
        self._homes = {function: part for part, functions in self.parts.items() for function in functions}

    def _divide(self, whole: bool) -> dict[str, list[Specialised]]:
        """By package; or as one part: what has a single caller can go there, and tables are not needed twice.

        In the order of the source: nobody should see in which order things were found.
        """
        parts: dict[str, list[Specialised]] = {}
        kernels = [function for function in self._functions if not function.inline and function.external is None]
        for function in sorted(kernels, key=lambda f: (f.source.module, f.line, f.symbol)):
            package = "" if whole else function.source.module.rpartition(".")[0]
            parts.setdefault(package or MAIN, []).append(function)
        return parts

    @cached_property
    def _shared(self) -> set[Specialised]:
        """What the parts must let each other see: what shards or other parts mention.

        A part may hold a copy of another's function to inline it, so what such a function mentions counts too.
        """
        mentions = {function: _mentioned(function) for function in self._homes}
        apart = {
            callee
            for function, home in self._homes.items()
            for callee in mentions[function]
            if self._homes.get(callee) not in (home, None)
        }
        pending = list(apart)
        while pending:
            function = pending.pop()
            if function in mentions and may_be_copied(function):
                following = mentions[function] - apart
                apart |= following
                pending += following
        return apart.union(self._mentioned)

    def is_shared(self, function: Specialised) -> bool:
        """Whether other parts may need it."""
        return function in self._shared

    @property
    def modules(self) -> set[str]:
        """The modules that the kernels are in."""
        return {function.source.module for function in self._functions}

    def longest_first(self) -> list[str]:
        """The parts by the lines of their source: the last ones to be compiled should be short."""
        return sorted(self.parts, key=lambda part: (-sum(map(_lines, self.parts[part])), part))


def _reached(roots: Iterable[Specialised], homes: Mapping[Specialised, str]) -> list[Specialised]:
    """What can be reached from `roots` without the shards."""
    found = dict.fromkeys(roots)
    pending = list(found)
    while pending:
        new = [callee for callee in pending.pop().references if callee not in found and callee not in homes]
        found.update(dict.fromkeys(new))
        pending += new
    return list(found)


def may_be_copied(function: Specialised) -> bool:
    """Whether other parts may have a copy of it to inline it, if it is short enough."""
    return not function.cold and not function.handler


def _mentioned(function: Specialised) -> set[Specialised]:
    """The functions that a function mentions, itself or in what is inlined into it."""
    found: set[Specialised] = set()
    inlined = set[Specialised]()
    pending = [function]
    while pending:
        for callee in pending.pop().references:
            if not callee.inline:
                found.add(callee)
            elif callee not in inlined:
                inlined.add(callee)
                pending.append(callee)
    return found


def _lines(function: Specialised) -> int:
    syntax = syntax_of(function.source.function)
    return (syntax.end_lineno or syntax.lineno) - syntax.lineno
