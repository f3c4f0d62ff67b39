"""A component while its steps are noted: its index spaces, with numbers of what a device has at run time."""

from collections.abc import Mapping
from typing import Any, Final

from fusee.component import program as steps
from fusee.component.items import FuncType
from fusee.component.program import CORE_FUNC, CORE_MEMORY, Options, Program
from fusee.component.runtime.instantiate import MOST_INSTANCES
from fusee.component.types.resource import ResourceType
from fusee.engine.capi.component.format import NONE, Encoding, Form, Step
from fusee.package.components.plan import CoreOptions, NotForDevices, Plan, Whole

ENCODINGS: Final = {"utf8": Encoding.UTF8, "utf16": Encoding.UTF16, "latin1+utf16": Encoding.LATIN1_OR_UTF16}


class CoreInstance:
    """An instance of a core module."""

    def __init__(self, plan: Plan, number: int, names: list[str]) -> None:
        self._plan = plan
        self._number = number
        self._places = {name: place for place, name in enumerate(names)}
        self._items: dict[str, int] = {}

    def __getitem__(self, name: str) -> int:
        if name not in self._items:
            self._items[name] = self._plan.item(Step.EXPORT, self._number, self._places[name])
        return self._items[name]


class Frame:
    """A component while its steps are performed."""

    def __init__(
        self, whole: Whole, program: Program, outer: "Frame | None", arguments: Mapping[str, Any],
        around: "Frame | None" = None,
    ) -> None:  # fmt: skip
        self.whole = whole
        self.plan = Plan(whole.order, None if around is None else around.nearest)
        self.program = program
        self.outer = outer
        self.arguments = arguments
        self.spaces: dict[str, list[Any]] = {sort: [] for sort in steps.RUNTIME_SORTS}
        self.resources: dict[ResourceType, int] = {}
        self.exports: dict[str, Any] = {}
        whole.frames += 1
        if whole.frames > MOST_INSTANCES:
            raise NotForDevices(f"it consists of more than {MOST_INSTANCES} components")

    @property
    def has_work(self) -> bool:
        """Whether it becomes a part."""
        return any(isinstance(step, _WORK) for step in self.program.steps)

    @property
    def nearest(self) -> Plan | None:
        """It, or the one around it, whatever is a part."""
        return self.plan if self.has_work else self.plan.outer

    def end(self) -> None:
        """Its steps were performed."""
        if self.has_work:
            self.whole.add(self.plan)

    def bind(self, paths: steps.Paths, item: Any) -> None:
        """Note what numbers the resources of a type have, which are found in an item."""
        for path, resource in paths:
            found = item
            for name in path:
                found = found[name]
            self.resources.setdefault(resource, found)

    def type(self, item: Any) -> Any:
        """A type: the resource's number, if it is one."""
        return self.resources[item] if isinstance(item, ResourceType) else item

    def core(self, sort: str, index: int | None) -> int:
        """The number of a core item, or `NONE`."""
        return NONE if index is None else self.spaces[sort][index]

    def options(self, options: Options, ty: FuncType) -> CoreOptions:
        """Options with numbers of core items."""
        memory, realloc = self.core(CORE_MEMORY, options.memory), self.core(CORE_FUNC, options.realloc)
        form, last = Form.ASYNC if ty._is_async else Form.PLAIN, options.post_return
        if options.is_async:
            form, last = Form.STACKFUL if options.callback is None else Form.CALLBACK, options.callback
        return CoreOptions(ENCODINGS[options.encoding], memory, realloc, self.core(CORE_FUNC, last), form)


_WORK: Final = (
    steps.Lift, steps.Lower, steps.ResourceFunction, steps.DefineResource, steps.InstantiateModule, steps.Builtin,
)  # fmt: skip
"""Steps that make a component more than a way of passing things on."""
