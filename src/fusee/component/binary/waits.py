"""Which core functions may wait in place, themselves or by what they call: these stay interpreted.

A guest that waits leaves the interpreter, with all its frames; native code between them could not be left. So it is
found out who can come to a canonical function that may wait, by the calls as they stand: direct ones, through imports
of other core modules, and through tables and references, by type. The same module in several instances is one.
"""

from typing import TYPE_CHECKING, Any

from fusee.api.externtypes import AsExternType, GlobalType, TableType, TagType
from fusee.api.module import reaching
from fusee.api.types import FuncType as CoreFuncType
from fusee.component.program import (
    CORE_FUNC,
    CORE_INSTANCE,
    CORE_MODULE,
    CORE_SORTS,
    AliasCoreExport,
    AliasExport,
    AliasOuter,
    Builtin,
    CoreExports,
    DefineComponent,
    DefineModule,
    Export,
    Import,
    InstantiateModule,
    Lower,
    Program,
    ResourceFunction,
    Step,
    sort_of,
)

if TYPE_CHECKING:
    from fusee.api.module import Module

Place = tuple[int, int]
"""An export: the number of its module, and the index there."""
Core = Place | bool
"""A core item: an export, or what the canonical ABI makes, which may wait or not."""


class UnknownModuleError(Exception):
    """A core module, of which only the type is known, may call what waits."""


def waiting_functions(program: Program, modules: "list[Module]") -> "list[frozenset[int] | None]":
    """Of each of the core modules in a component, the functions that may wait; None: any may."""
    links = Links(modules)
    try:
        links.add(program, [])
    except UnknownModuleError:
        return [None] * len(modules)
    return list(reaching(modules, links.sources, links.groups()))


class Links:
    """What the core modules of a component are given for their imports, in all instances."""

    def __init__(self, modules: "list[Module]") -> None:
        self.sources: list[list[tuple[int, Place | None]]] = [[] for _ in modules]
        self._modules = modules
        self._numbers = {id(module): number for number, module in enumerate(modules)}
        self._imports = [[(item.module, item.name, item.type) for item in module.imports] for module in modules]
        self._linked = list(range(len(modules)))

    def add(self, program: Program, outer: "list[list[int | None]]") -> None:
        """The links in a component, and in those inside of it; `outer`: the modules of those around it, innermost last.

        Raises `UnknownModuleError`.
        """
        spaces: dict[str, list[Any]] = {sort: [] for sort in CORE_SORTS.values()}
        known = [*outer, spaces[CORE_MODULE]]
        for step in program.steps:
            if isinstance(step, DefineComponent):
                self.add(step.program, known)
            elif isinstance(step, InstantiateModule):
                spaces[CORE_INSTANCE].append(self._instance(step, spaces, program.can_block))
            elif isinstance(step, CoreExports):
                made = {name: spaces[sort][index] for name, (sort, index) in step.exports.items()}
                spaces[CORE_INSTANCE].append(made)
            elif isinstance(step, AliasCoreExport):
                spaces[step.sort].append(spaces[CORE_INSTANCE][step.instance].get(step.name, False))
            elif isinstance(step, Lower | Builtin | ResourceFunction):
                spaces[CORE_FUNC].append(not isinstance(step, ResourceFunction) and step.can_block)
            else:
                _add_module(self._numbers, known, step)

    def _instance(self, step: InstantiateModule, spaces: dict[str, list[Any]], can_block: bool) -> dict[str, Core]:
        """An instance's exports. Of a module that is not known, which must not know what waits, there are none."""
        number = spaces[CORE_MODULE][step.module]
        if number is None:
            if can_block:
                raise UnknownModuleError
            return {}
        function = 0
        for owner, name, ty in self._imports[number]:
            source = spaces[CORE_INSTANCE][step.arguments[owner]].get(name, False)
            if isinstance(ty, CoreFuncType):
                if source is not False:
                    self.sources[number].append((function, None if source is True else source))
                function += 1
            if not isinstance(source, bool) and has_references(ty):
                self._link(number, source[0])
        return {name: (number, index) for name, (_, index) in self._modules[number]._export_places.items()}

    def _link(self, first: int, second: int) -> None:
        """References may go between two modules."""
        self._linked[self._group(first)] = self._group(second)

    def _group(self, number: int) -> int:
        linked = self._linked
        while linked[number] != number:
            linked[number] = number = linked[linked[number]]
        return number

    def groups(self) -> list[int]:
        """Of each module, the number of the one that stands for all that references may come from."""
        return [self._group(number) for number in range(len(self._linked))]


def _add_module(numbers: dict[int, int], known: "list[list[int | None]]", step: Step) -> None:
    """A step that may add to the index space of core modules."""
    space = known[-1]
    if isinstance(step, DefineModule):
        space.append(numbers[id(step.module)])
    elif isinstance(step, AliasOuter) and step.sort == CORE_MODULE:
        space.append(known[-1 - step.count][step.index])
    elif isinstance(step, Export) and step.sort == CORE_MODULE:
        space.append(space[step.index])
    elif (isinstance(step, AliasExport) and step.sort == CORE_MODULE) or (
        isinstance(step, Import) and sort_of(step.type) == CORE_MODULE
    ):
        space.append(None)


def has_references(ty: AsExternType) -> bool:
    """Whether references may go through an import of that type."""
    if isinstance(ty, CoreFuncType):
        return any(one.is_reference for one in (*ty._params, *ty._results))
    if isinstance(ty, TagType):
        return any(one.is_reference for one in ty.functype._params)
    return isinstance(ty, TableType) or (isinstance(ty, GlobalType) and ty.content.is_reference)
