"""`ComponentInstance`: the state of a component that runs (CanonicalABI, "Component Instance State")."""

from ctypes import c_uint32
from typing import TYPE_CHECKING, Any, Final

from fusee.api.globals import Global
from fusee.api.store import Store
from fusee.component.program import Program
from fusee.component.runtime.handles import HandleTable
from fusee.component.substitution import Substitution, Work
from fusee.component.traps import Reason, trap
from fusee.component.types.resource import ResourceType
from fusee.component.types.valtype import HANDLE, ValType

if TYPE_CHECKING:
    from fusee.component.asynchronous.threads import Thread


MASK: Final = 0xFFFF_FFFF
Slots = Any

# Whether a component may be left (CanonicalABI, `may_leave`), and why not.
IN_REALLOC: Final = 0
MAY_LEAVE: Final = 1
IN_REALLOC_WITH_CONTEXT: Final = 2
IN_POST_RETURN: Final = 3


class ComponentInstance:
    """An instance of a component: its handles, its resources, its threads, and whether it may be entered and left."""

    __slots__ = ("_actual", "_entered", "backpressure", "chain", "exclusive", "flags", "handles", "may_enter",
                 "may_leave", "program", "realloc_storage", "resources", "store", "threads",
                 "waiting_to_enter")  # fmt: skip

    def __init__(self, store: Store, parent: "ComponentInstance | None", program: Program) -> None:
        self.store = store
        self.program = program
        self.chain: tuple[ComponentInstance, ...] = (self, *(parent.chain if parent else ()))
        self.handles = HandleTable()
        self.resources: dict[ResourceType, ResourceType] = {}
        """What actual resources those of the component's types are."""
        self.may_enter = c_uint32(1)
        self.may_leave = c_uint32(MAY_LEAVE)
        self.realloc_storage = [0, 0]
        """The context of a call of `realloc` that has asked for it."""
        self.flags: tuple[Global, Global] | None = None
        """What holds these two where adapters see them (`adapters.link`)."""
        self.threads = HandleTable()
        self.backpressure = 0
        """Not 0: no task begins."""
        self.waiting_to_enter = 0
        self.exclusive: Thread | None = None
        """The thread of a task that keeps others of its kind out."""
        self._actual: dict[ValType, Any] = {}
        self._entered: dict[ComponentInstance | None, tuple[ComponentInstance, ...]] = {}

    def keep_flags(self) -> None:
        """Hold the flags itself."""
        self.flags = None
        self.may_enter, self.may_leave = c_uint32(self.may_enter.value), c_uint32(self.may_leave.value)

    def entered(self, caller: "ComponentInstance | None") -> "tuple[ComponentInstance, ...]":
        """The instances that a call enters: itself and those around it, but none that the caller is in."""
        found = self._entered.get(caller)
        if found is None:
            inside = caller.chain if caller is not None else ()
            found = self._entered[caller] = tuple(instance for instance in self.chain if instance not in inside)
        return found

    def may_enter_from(self, caller: "ComponentInstance | None") -> bool:
        """Whether a call may enter it."""
        return all(instance.may_enter.value for instance in self.entered(caller))

    def enter(self, caller: "ComponentInstance | None") -> "tuple[ComponentInstance, ...]":
        """A call enters it: gives what must be left again. Raises `Trap`."""
        entered = self.entered(caller)
        for instance in entered:
            if not instance.may_enter.value:
                raise trap(Reason.CANNOT_ENTER)
        for instance in entered:
            instance.may_enter.value = 0
        return entered

    def check_leave(self) -> None:
        """Its guest calls out. Raises `Trap`."""
        if self.may_leave.value != MAY_LEAVE:
            raise trap(Reason.CANNOT_LEAVE)

    def own_storage(self) -> list[int] | None:
        """The context, where that is not the one of the thread that runs: `realloc` has a thread of its own.

        That begins with zeros (CanonicalABI, `reallocate`).
        """
        leave = self.may_leave
        if leave.value == IN_REALLOC:
            self.realloc_storage = [0, 0]
            leave.value = IN_REALLOC_WITH_CONTEXT
        return self.realloc_storage if leave.value == IN_REALLOC_WITH_CONTEXT else None

    def actual(self, ty: Any) -> Any:
        """A type of the component's with the resources that it has here."""
        if not ty._flags & HANDLE:
            return ty
        found = self._actual.get(ty)
        if found is None:
            found = self._actual[ty] = Substitution(Work(), dict(self.resources)).item(ty)
        return found


def leave(entered: tuple[ComponentInstance, ...]) -> None:
    """A call into these instances has come back."""
    for instance in entered:
        instance.may_enter.value = 1
