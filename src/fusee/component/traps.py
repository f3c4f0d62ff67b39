"""Traps of the canonical ABI that have a code of wasmtime's."""

from fusee.api.errors import Trap
from fusee.api.traps import TrapCode


def coded(code: TrapCode, message: str) -> Trap:
    """A trap with a code."""
    made = Trap(message)
    made._code = code
    return made


def cannot_enter() -> Trap:
    """A component is entered that waits for a function which it has called, or that has trapped."""
    return coded(TrapCode.CANNOT_ENTER_COMPONENT, "cannot enter component instance")


def cannot_leave() -> Trap:
    """A component calls another from its `realloc` or `post-return`."""
    return coded(TrapCode.CANNOT_LEAVE_COMPONENT, "cannot leave component instance")


def string_out_of_bounds(message: str = "string pointer/length out of bounds of memory") -> Trap:
    """A string is not all in memory, or longer than any may be."""
    return coded(TrapCode.STRING_OUT_OF_BOUNDS, message)


def list_out_of_bounds(message: str = "list pointer/length out of bounds of memory") -> Trap:
    """A list is not all in memory, or longer than any may be."""
    return coded(TrapCode.LIST_OUT_OF_BOUNDS, message)


def unaligned(message: str) -> Trap:
    """A pointer is no multiple of what it points to."""
    return coded(TrapCode.UNALIGNED_POINTER, message)
