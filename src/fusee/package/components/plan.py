"""What is left of a component for a device: parts without components in them, and the steps that make them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fusee.api.module import Module
from fusee.component.items import FuncType
from fusee.component.types.resource import ResourceType
from fusee.engine.capi.component.format import MOST_PARTS, Encoding, Form


class NotForDevices(ValueError):
    """A component, valid as it is, that cannot be split."""


@dataclass(frozen=True)
class Name:
    """Of a function or resource; outside of interfaces `interface` is empty."""

    interface: str
    name: str

    def __str__(self) -> str:
        return f"{self.interface} {self.name}".strip()


NO_NAME: Final = Name("", "")


@dataclass(frozen=True)
class Signature:
    """A function's type, and what numbers the resources in it have."""

    type: FuncType
    resources: Mapping[ResourceType, int] = field(hash=False)


@dataclass(frozen=True)
class Imported:
    """A function that the app gives."""

    name: Name
    type: FuncType


@dataclass(frozen=True)
class Lifted:
    """A function of the component's: numbers of core items."""

    part: "Plan" = field(repr=False)
    signature: Signature
    core: int
    options: "CoreOptions"


@dataclass(frozen=True)
class CoreOptions:
    """Options of canonical functions as numbers of core items, or `NONE`."""

    encoding: Encoding
    memory: int
    realloc: int
    post_return: int
    form: Form


@dataclass
class Resource:
    """A resource, which has the same number in all parts."""

    name: Name
    owner: "Plan | None"
    """The part that defines it; None if the app does."""


@dataclass(eq=False)
class Plan:
    """What is left of a component that does something."""

    order: list["Plan"] = field(default_factory=list, repr=False)
    """Whose steps are performed, one after the other: of all parts together."""
    outer: "Plan | None" = field(default=None, repr=False)
    """The part around it."""
    number: int = -1
    """Of the part: those around it have greater ones."""
    modules: list[bytes] = field(default_factory=list)
    steps: list[tuple[int, ...]] = field(default_factory=list)
    arguments: list[int] = field(default_factory=list)
    imports: list[tuple[Name, Signature]] = field(default_factory=list)
    returns: list[Signature] = field(default_factory=list)
    """What functions of `task.return` are given, as their parameters."""
    links: dict[int, Lifted] = field(default_factory=dict)
    """By the number of an import: what another part gives for it."""
    exports: list[tuple[Name, Lifted]] = field(default_factory=list)
    """The app's, and behind them without names what other parts call."""
    items: int = 0
    instances: int = 0
    _modules: dict[int, int] = field(default_factory=dict)

    def step(self, *step: int) -> None:
        """What is done next."""
        self.steps.append(step)
        self.order.append(self)

    def item(self, *step: int) -> int:
        """The number of the core item that a step makes."""
        self.step(*step)
        self.items += 1
        return self.items - 1

    def module(self, module: Module) -> int:
        """The number of a core module."""
        if id(module) not in self._modules:
            self._modules[id(module)] = len(self.modules)
            self.modules.append(module._binary)
        return self._modules[id(module)]

    def export(self, lifted: Lifted) -> int:
        """The number of an export that other parts call."""
        for number, (_, known) in enumerate(self.exports):
            if known is lifted:
                return number
        self.exports.append((NO_NAME, lifted))
        return len(self.exports) - 1


@dataclass
class Whole:
    """What is left of a component with all that are in it."""

    parts: list[Plan] = field(default_factory=list)
    resources: list[Resource] = field(default_factory=list)
    order: list[Plan] = field(default_factory=list)
    frames: int = 0

    @property
    def modules(self) -> list[bytes]:
        """The core modules of all parts."""
        return [module for part in self.parts for module in part.modules]

    def resource(self, name: Name, owner: Plan | None) -> int:
        """The number of a new resource."""
        self.resources.append(Resource(name, owner))
        return len(self.resources) - 1

    def add(self, part: Plan) -> None:
        """A part is complete."""
        part.number = len(self.parts)
        if part.number == MOST_PARTS:
            raise NotForDevices(f"it is composed of more than {MOST_PARTS} components with core modules of their own")
        self.parts.append(part)
        for lifted in part.links.values():
            lifted.part.export(lifted)
