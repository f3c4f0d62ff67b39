"""Which functions of linked modules may come to one of certain imports, by whatever they call."""

from collections.abc import Sequence

from fusee.native.callgraph import Calls, calls_of
from fusee.native.module import FuncType

Source = tuple[int, int] | None
"""What is given for an imported function: another module's, by number and index; None: one that is looked for."""
Links = Sequence[Sequence[tuple[int, Source]]]
"""Of each module, imported functions by their indices, and their sources; one may have several, or none."""


def reaching(binaries: Sequence[bytes], links: Links, groups: Sequence[int]) -> list[frozenset[int]]:
    """Of each of these valid modules, the functions that may call what is looked for, themselves or by others.

    A call by a table or reference may be one of any function of its type that is referred to in a module of the same
    group: one number for all modules between which references to functions may go. Time and memory are linear in the
    size of the modules and the number of links.
    """
    search = _Search([calls_of(binary) for binary in binaries], groups)
    for module, linked in enumerate(links):
        for index, source in linked:
            if source is None:
                search.found(module, index)
            else:
                search.users.setdefault(source, []).append((module, index))
    return search.run()


class _Search:
    def __init__(self, calls: list[Calls], groups: Sequence[int]) -> None:
        self.users: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self._calls, self._groups = calls, groups
        self._reached: list[set[int]] = [set() for _ in calls]
        self._types: set[tuple[int, FuncType]] = set()
        self._waiting: list[tuple[int, int]] = []
        self._members: dict[int, list[int]] = {}
        for module, group in enumerate(groups):
            self._members.setdefault(group, []).append(module)

    def found(self, module: int, function: int) -> None:
        if function not in self._reached[module]:
            self._reached[module].add(function)
            self._waiting.append((module, function))

    def run(self) -> list[frozenset[int]]:
        while self._waiting:
            place = module, function = self._waiting.pop()
            calls = self._calls[module]
            for caller in calls.callers.get(function, ()):
                self.found(module, caller)
            for user in self.users.get(place, ()):
                self.found(*user)
            if function in calls.referred:
                self._found_type(self._groups[module], calls.types[function])
        return [frozenset(reached) for reached in self._reached]

    def _found_type(self, group: int, type_: FuncType) -> None:
        if (group, type_) in self._types:
            return
        self._types.add((group, type_))
        for module in self._members[group]:
            for caller in self._calls[module].by_type.get(type_, ()):
                self.found(module, caller)
