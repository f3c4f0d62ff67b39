"""Functions for resources (CanonicalABI, "canon resource.new" and what follows), and what ends one."""

from collections.abc import Callable
from typing import Any

from fusee.component.runtime.corecall import CoreCall
from fusee.component.runtime.handles import Handle, state_of
from fusee.component.runtime.instance import MASK, ComponentInstance, Slots, leave
from fusee.component.types.resource import ResourceType


def resource_new(instance: ComponentInstance, ty: ResourceType) -> Callable[[Slots], None]:
    """`canon resource.new`."""

    def call(slots: Slots) -> None:
        instance.check_leave()
        slots[0] = instance.handles.add(Handle(instance.resources[ty], slots[0] & MASK, True, None))

    return call


def resource_rep(instance: ComponentInstance, ty: ResourceType) -> Callable[[Slots], None]:
    """`canon resource.rep`."""

    def call(slots: Slots) -> None:
        slots[0] = instance.handles.get(slots[0] & MASK, instance.resources[ty]).rep

    return call


def resource_drop(instance: ComponentInstance, ty: ResourceType) -> Callable[[Slots], None]:
    """`canon resource.drop`."""

    def call(slots: Slots) -> None:
        instance.check_leave()
        found = instance.resources[ty]
        handle = instance.handles.remove(slots[0] & MASK, found)
        if not handle.is_owned:
            assert handle.scope is not None
            handle.scope.borrowed -= 1
        elif found._destructor is not None:
            found._destructor(handle.rep, instance)

    return call


def guest_destructor(owner: ComponentInstance, function: CoreCall) -> Callable[[int, Any], None]:
    """What ends a resource that a component defines: its core function, called as a function of the component.

    It is called in a task of its own (CanonicalABI, `canon_resource_drop`): it has neither the result nor the context
    of the one that drops.
    """
    state = state_of(owner.store)

    def destroy(rep: int, caller: ComponentInstance | None) -> None:
        entered = owner.enter(caller)
        if state.tasks is None:
            function.call(rep)
        else:
            state.tasks.call_plain(owner, function, rep)
        leave(entered)

    return destroy
