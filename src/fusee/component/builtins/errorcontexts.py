"""Functions for error contexts (CanonicalABI, "canon error-context.new" and what follows)."""

from fusee.component.asynchronous.waitables import ErrorContextEntry
from fusee.component.codecs.context import Contexts
from fusee.component.program import Builtin
from fusee.component.runtime.corecall import Call
from fusee.component.runtime.instance import MASK, ComponentInstance, Slots
from fusee.component.values import ErrorContextValue


def error_new(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    """`error-context.new`."""
    cx = contexts[0]

    def call(slots: Slots) -> None:
        message = cx.string(cx.begin(), slots[0] & MASK, slots[1] & MASK)
        slots[0] = instance.handles.add(ErrorContextEntry(ErrorContextValue(message)))

    return call


def error_message(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    """`error-context.debug-message`."""
    cx = contexts[0]

    def call(slots: Slots) -> None:
        found = instance.handles.find(slots[0] & MASK, ErrorContextEntry)
        pointer = slots[1] & MASK
        at, length = cx.put_string(found.value.debug_message)
        cx.area(pointer, 8, 4)
        cx.current()[pointer : pointer + 8] = (at | length << 32).to_bytes(8, "little")

    return call


def error_drop(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    """`error-context.drop`."""

    def call(slots: Slots) -> None:
        instance.handles.take(slots[0] & MASK, ErrorContextEntry)

    return call
