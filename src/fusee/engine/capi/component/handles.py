"""Tables of handles, and what is lent of them while a call lasts (CanonicalABI, "Resource State")."""

from typing import Final

from fusee.engine.capi.component.blocks import larger_block
from fusee.engine.capi.component.errors import Broken, Fault
from fusee.engine.capi.component.state import Handle, Handles, Instance
from fusee.kernel.lang import Ptr, cast, is_null, kernel, maximum, null, size_of, u8, u32, usize

MOST: Final = 1 << 28
FIRST: Final = u32(16)


@kernel
def add_handle(handles: Handles, resource: u32, rep: u32, is_own: bool) -> u32:
    """A new handle's index: the one that became free last, or a new one."""
    index = handles.free
    if index == 0:
        if handles.count >= MOST:
            raise Broken(Fault.HANDLES_FULL, 0)
        if handles.count + 1 >= handles.capacity:
            widen(handles)
        handles.count += 1
        index = handles.count
    handle = handles.entries[index]
    handles.free = handle.next
    handle.is_used = True
    handle.is_own = is_own
    handle.is_held = False
    handle.resource = resource
    handle.rep = rep
    handle.lends = u32(0)
    handle.next = u32(0)
    return index


@kernel
def widen(handles: Handles) -> None:
    capacity = maximum(handles.capacity * 2, FIRST)
    width = usize(size_of(Handle))
    old = usize(handles.capacity) * width
    handles.entries = cast(Ptr[Handle], larger_block(cast(Ptr[u8], handles.entries), old, usize(capacity) * width))
    handles.capacity = capacity


@kernel
def find_handle(handles: Handles, index: u32, resource: u32) -> Handle:
    """The handle of a resource at an index."""
    if index == 0 or index > handles.count or not handles.entries[index].is_used:
        raise Broken(Fault.HANDLE, index)
    found = handles.entries[index]
    if found.resource != resource:
        raise Broken(Fault.HANDLE_TYPE, index)
    return found


@kernel
def remove_handle(handles: Handles, index: u32, resource: u32) -> Handle:
    """Take a handle that is not lent out of its table. What it was can be read until another takes its place."""
    found = find_handle(handles, index, resource)
    if found.lends != 0:
        raise Broken(Fault.HANDLE_LENT, index)
    found.is_used = False
    found.next = handles.free
    handles.free = index
    return found


@kernel
def lend(instance: Instance, index: u32, is_host: bool, handle: Handle) -> None:
    """Until the call ends the handle cannot be given away or dropped."""
    if instance.lent_count == instance.lent_capacity:
        capacity = maximum(instance.lent_capacity * 2, FIRST)
        old = cast(Ptr[u8], instance.lent)
        larger = larger_block(old, usize(instance.lent_capacity) * 4, usize(capacity) * 4)
        instance.lent = cast(Ptr[u32], larger)
        instance.lent_capacity = capacity
    instance.lent[instance.lent_count] = index * 2 + u32(is_host)
    instance.lent_count += 1
    handle.lends += 1


@kernel
def end_lending(instance: Instance, first: u32) -> None:
    """Return what was lent since `lent_count` was `first`."""
    while instance.lent_count > first:
        instance.lent_count -= 1
        lent = instance.lent[instance.lent_count]
        if lent & 1 != 0:
            instance.host.entries[lent >> 1].lends -= 1
        else:
            instance.guest.entries[lent >> 1].lends -= 1


# What parts of a component have of each other's: numbers, as the app. Where it is going, nobody holds it.


@kernel
def found_elsewhere(instance: Instance, number: u32, resource: u32) -> Handle:
    """The handle that a number of another part's resource stands for there; null if the resource is not one."""
    if resource >= instance.owner_count or instance.owners[resource] == 0:
        return null(Handle)
    return find_handle(cast(Instance, instance.owners[resource]).host, number, resource)


@kernel
def check_holder(instance: Instance, handle: Handle, number: u32) -> None:
    """The app must not use what another part has."""
    if handle.is_held and not instance.is_called_by_part:
        raise Broken(Fault.HANDLE, number)


@kernel
def let_go(instance: Instance, number: u32, resource: u32) -> None:
    """The part gives away or drops what it has of another one."""
    handle = found_elsewhere(instance, number, resource)
    if not is_null(handle):
        handle.is_held = False


@kernel
def end_borrow(instance: Instance, number: u32, resource: u32) -> None:
    """The guest drops what it was lent."""
    instance.borrowed -= 1
    handle = found_elsewhere(instance, number, resource)
    if not is_null(handle):
        handle.lends -= 1


# What crosses over.


@kernel
def lift_own(instance: Instance, index: u32, resource: u32, is_component: bool) -> u32:
    """The guest gives a resource away: the app's number of it, or the index of the app's handle."""
    handle = remove_handle(instance.guest, index, resource)
    if not handle.is_own:
        raise Broken(Fault.HANDLE_BORROW, index)
    rep = handle.rep
    if is_component:
        return add_handle(instance.host, resource, rep, True)
    let_go(instance, rep, resource)
    return rep


@kernel
def lift_borrow(instance: Instance, index: u32, resource: u32) -> u32:
    """The guest lends a resource: the app's number of it, or the guest's own."""
    handle = find_handle(instance.guest, index, resource)
    lend(instance, index, False, handle)
    return handle.rep


@kernel
def lower_own(instance: Instance, number: u32, resource: u32, is_component: bool) -> u32:
    """The app gives a resource away."""
    rep = number
    if is_component:
        if find_handle(instance.host, number, resource).is_held:
            raise Broken(Fault.HANDLE, number)
        rep = remove_handle(instance.host, number, resource).rep
    else:
        handle = found_elsewhere(instance, number, resource)
        if not is_null(handle):
            if handle.is_held:
                raise Broken(Fault.HANDLE, number)
            if handle.lends != 0:
                raise Broken(Fault.HANDLE_LENT, number)
            handle.is_held = True
    return add_handle(instance.guest, resource, rep, True)


@kernel
def lower_borrow(instance: Instance, number: u32, resource: u32, is_component: bool) -> u32:
    """The app lends a resource. A component is given its own number of its own."""
    if is_component:
        handle = find_handle(instance.host, number, resource)
        check_holder(instance, handle, number)
        lend(instance, number, True, handle)
        return handle.rep
    other = found_elsewhere(instance, number, resource)
    if not is_null(other):
        check_holder(instance, other, number)
    index = add_handle(instance.guest, resource, number, False)
    if not is_null(other):
        other.lends += 1
    instance.borrowed += 1
    return index
