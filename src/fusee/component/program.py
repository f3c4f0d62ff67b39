"""What validation leaves of a component: steps that make an instance, one after the other, over index spaces."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from fusee.component.items import ComponentInstanceType, ComponentItem, ComponentType, FuncType, ModuleType
from fusee.component.types.resource import ResourceType
from fusee.component.types.valtype import NotMade, ValType

if TYPE_CHECKING:
    from fusee.api.module import Module
    from fusee.api.types import FuncType as CoreFuncType
    from fusee.component.adapters.cache import Adapters

# Index spaces, by the names of sorts (Binary, "Instance Definitions").
CORE_FUNC: Final = "core func"
CORE_TABLE: Final = "core table"
CORE_MEMORY: Final = "core memory"
CORE_GLOBAL: Final = "core global"
CORE_TAG: Final = "core tag"
CORE_TYPE: Final = "core type"
CORE_MODULE: Final = "core module"
CORE_INSTANCE: Final = "core instance"
FUNC: Final = "func"
VALUE: Final = "value"
TYPE: Final = "type"
COMPONENT: Final = "component"
INSTANCE: Final = "instance"

CORE_SORTS: Final = {
    0x00: CORE_FUNC, 0x01: CORE_TABLE, 0x02: CORE_MEMORY, 0x03: CORE_GLOBAL, 0x04: CORE_TAG, 0x10: CORE_TYPE,
    0x11: CORE_MODULE, 0x12: CORE_INSTANCE,
}  # fmt: skip
SORTS: Final = {0x01: FUNC, 0x02: VALUE, 0x03: TYPE, 0x04: COMPONENT, 0x05: INSTANCE}
RUNTIME_SORTS: Final = (
    CORE_FUNC, CORE_TABLE, CORE_MEMORY, CORE_GLOBAL, CORE_TAG, CORE_MODULE, CORE_INSTANCE, FUNC, COMPONENT, INSTANCE,
)  # fmt: skip
"""Those whose elements are something when a component is instantiated."""


class TypeOf(NotMade):
    """A type that is exported or imported as a type, and is not a value's or a resource, which speak for themselves."""

    __slots__ = ("item",)

    item: "FuncType | ComponentType | ComponentInstanceType"

    @classmethod
    def _of(cls, item: "FuncType | ComponentType | ComponentInstanceType") -> "TypeOf":
        made = cls.__new__(cls)
        made.item = item
        return made


Item = ComponentItem | TypeOf
"""The type of an import or export. A `ValType` or `ResourceType` is a type that is imported or exported."""

Paths = tuple[tuple[tuple[str, ...], ResourceType], ...]
"""Resources and where in an item they are found, by names of exports."""


def sort_of(item: Item) -> str:
    """The index space of an item of that type."""
    if isinstance(item, FuncType):
        return FUNC
    if isinstance(item, ComponentInstanceType):
        return INSTANCE
    if isinstance(item, ComponentType):
        return COMPONENT
    return CORE_MODULE if isinstance(item, ModuleType) else TYPE


def describe_item(item: Item) -> str:
    """What kind of item has the type, in a message."""
    if isinstance(item, ResourceType):
        return "resource"
    return {FUNC: "function", CORE_MODULE: "module"}.get(sort_of(item), sort_of(item))


@dataclass(frozen=True)
class Options:
    """Options of canonical functions, indices of core functions and memories; None where there is none."""

    encoding: str
    memory: int | None
    realloc: int | None
    post_return: int | None
    is_async: bool = False
    callback: int | None = None


@dataclass(frozen=True)
class Step:
    """A definition that is something when a component is instantiated."""


@dataclass(frozen=True)
class DefineModule(Step):
    """A core module in the component."""

    module: "Module"


@dataclass(frozen=True)
class InstantiateModule(Step):
    """An instance of a core module: `arguments` are core instances by the name of the module imported from."""

    module: int
    arguments: dict[str, int]


@dataclass(frozen=True)
class CoreExports(Step):
    """A core instance that is made of exports: sort and index by name."""

    exports: dict[str, tuple[str, int]]


@dataclass(frozen=True)
class AliasCoreExport(Step):
    """An export of a core instance."""

    sort: str
    instance: int
    name: str


@dataclass(frozen=True)
class DefineComponent(Step):
    """A component inside the component."""

    program: "Program"


@dataclass(frozen=True)
class InstantiateComponent(Step):
    """An instance of a component: sort and index of each argument by name; types are not among them."""

    component: int
    arguments: dict[str, tuple[str, int]]
    types: dict[str, Item]
    """The arguments that are types."""
    resources: Paths


@dataclass(frozen=True)
class Exports(Step):
    """An instance that is made of exports: sort and index by name."""

    exports: dict[str, tuple[str, int]]
    types: dict[str, Item]


@dataclass(frozen=True)
class AliasExport(Step):
    """An export of an instance."""

    sort: str
    instance: int
    name: str


@dataclass(frozen=True)
class AliasOuter(Step):
    """A module or component of an enclosing component, `count` components further out."""

    sort: str
    count: int
    index: int


@dataclass(frozen=True)
class DefineResource(Step):
    """A resource of the component's own; `destructor` is a core function."""

    resource: ResourceType
    destructor: int | None


@dataclass(frozen=True)
class Lift(Step):
    """`canon lift`."""

    function: int
    type: FuncType
    options: Options


@dataclass(frozen=True)
class Lower(Step):
    """`canon lower`."""

    function: int
    type: FuncType
    core_type: "CoreFuncType"
    options: Options

    @property
    def can_block(self) -> bool:
        """Whether a guest that calls it may have to wait with its frames in place."""
        return self.type._is_async and not self.options.is_async


@dataclass(frozen=True)
class ResourceFunction(Step):
    """`canon resource.new`, `resource.drop` or `resource.rep`."""

    kind: str
    resource: ResourceType
    core_type: "CoreFuncType"


@dataclass(frozen=True)
class Builtin(Step):
    """A canonical function of asynchronous components: `name` is its name, the others are what it is made with."""

    name: str
    core_type: "CoreFuncType"
    type: ValType | None = None
    """Of the stream or future, or the result of `task.return`."""
    options: Options = Options("utf8", None, None, None)
    flag: bool = False
    """`async` or `cancellable`."""
    index: int = 0
    """Of a table, or the number of a slot of `context.get` and `context.set`."""

    @property
    def can_block(self) -> bool:
        """Whether a guest that calls it may have to wait with its frames in place."""
        if self.name in _WAITING:
            return True
        return self.name in _COPYING and not (self.flag or self.options.is_async)


_WAITING: Final = frozenset({
    "waitable-set.wait", "thread.yield", "thread.suspend", "thread.suspend-then-resume", "thread.yield-then-resume",
    "thread.suspend-then-promote", "thread.yield-then-promote",
})  # fmt: skip
_COPYING: Final = frozenset({
    "stream.read", "stream.write", "future.read", "future.write", "stream.cancel-read", "stream.cancel-write",
    "future.cancel-read", "future.cancel-write", "subtask.cancel",
})  # fmt: skip


@dataclass(frozen=True)
class Import(Step):
    """An import."""

    name: str
    type: Item
    resources: Paths


@dataclass(frozen=True)
class Export(Step):
    """An export; it is an element of its index space, too."""

    name: str
    sort: str
    index: int
    source: Item
    type: Item
    resources: Paths


@dataclass(frozen=True)
class Program:
    """A component: its type, and what is done to make an instance of it."""

    type: ComponentType
    steps: tuple[Step, ...]

    @cached_property
    def is_async(self) -> bool:
        """Whether its own functions may take part in what is asynchronous: not only those of components inside."""
        return any(
            isinstance(step, Builtin) or (isinstance(step, Lift | Lower) and step.type._is_async) for step in self.steps
        )

    @cached_property
    def adapters(self) -> "Adapters":
        """The modules through which it, if it is in no other, and those inside of it call each other."""
        from fusee.component.adapters.cache import Adapters

        return Adapters()

    @cached_property
    def can_block(self) -> bool:
        """Whether a function of its own may have to wait with its frames in place."""
        return any(isinstance(step, Builtin | Lower) and step.can_block for step in self.steps)

    @cached_property
    def has_threads(self) -> bool:
        """Whether its functions make threads."""
        return any(isinstance(step, Builtin) and step.name == "thread.new-indirect" for step in self.steps)


ValueOrResource = ValType | ResourceType
