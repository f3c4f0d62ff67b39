"""Traps of the canonical ABI: their messages, and wasmtime's codes for those that have one."""

from enum import IntEnum
from typing import Final

from fusee.api.errors import Trap, WasmtimeError
from fusee.api.traps import TrapCode


class ComponentTrap(Trap, WasmtimeError):
    """A trap that leaves a component for Python. In wasmtime-py it is a `WasmtimeError`, which says no `trap_code`.

    Within the package traps stay plain ones: who catches `WasmtimeError` there looks for values that do not fit. Only
    functions of WASI's, which users take for a part of the component, give this.
    """


def leave_component(left: Trap) -> None:
    """Make a trap one that Python gets of a component: the same object, which other calls may be given, too.

    What a host function has raised stays what it is, as in wasmtime-py.
    """
    if not left._is_hosts:
        leave_instantiation(left)


def leave_instantiation(left: Trap) -> None:
    """The same, whoever has raised it: wasmtime-py has nothing but a `WasmtimeError` for what ends an instantiation."""
    if type(left) is Trap:
        left.__class__ = ComponentTrap


def raised_by_host(raised: Trap) -> None:
    """A function of the host's has let a trap out: its own, or one of a guest that it has called."""
    raised._is_hosts = True


class Reason(IntEnum):
    """Why a canonical function traps; adapters between components tell it by its number."""

    CANNOT_ENTER = 0  # a component that waits for a function which it has called, or that has trapped
    CANNOT_LEAVE = 1  # a component calls another from its `realloc` or `post-return`
    STRING_TOO_LONG = 2
    STRING_UNALIGNED = 3
    STRING_OUT_OF_BOUNDS = 4
    LIST_TOO_LONG = 5
    LIST_UNALIGNED = 6
    LIST_OUT_OF_BOUNDS = 7
    AREA_UNALIGNED = 8
    AREA_OUT_OF_BOUNDS = 9
    REALLOC_UNALIGNED = 10
    REALLOC_OUT_OF_BOUNDS = 11
    INVALID_UTF8 = 12
    INCOMPLETE_UTF8 = 13
    INVALID_UTF16 = 14
    INVALID_CHAR = 15
    INVALID_CASE = 16
    BORROWS_LEFT = 17
    NO_ROOM = 18


_REASONS: Final[dict[Reason, tuple[TrapCode | None, str]]] = {
    Reason.CANNOT_ENTER: (TrapCode.CANNOT_ENTER_COMPONENT, "cannot enter component instance"),
    Reason.CANNOT_LEAVE: (TrapCode.CANNOT_LEAVE_COMPONENT, "cannot leave component instance"),
    Reason.STRING_TOO_LONG: (TrapCode.STRING_OUT_OF_BOUNDS, "string content too long"),
    Reason.STRING_UNALIGNED: (TrapCode.UNALIGNED_POINTER, "string pointer not aligned to 2"),
    Reason.STRING_OUT_OF_BOUNDS: (
        TrapCode.STRING_OUT_OF_BOUNDS, "string pointer/length out of bounds of memory"
    ),
    Reason.LIST_TOO_LONG: (TrapCode.LIST_OUT_OF_BOUNDS, "list content too long"),
    Reason.LIST_UNALIGNED: (TrapCode.UNALIGNED_POINTER, "list pointer is not aligned"),
    Reason.LIST_OUT_OF_BOUNDS: (TrapCode.LIST_OUT_OF_BOUNDS, "list pointer/length out of bounds of memory"),
    Reason.AREA_UNALIGNED: (TrapCode.UNALIGNED_POINTER, "pointer not aligned"),
    Reason.AREA_OUT_OF_BOUNDS: (None, "pointer out of bounds of memory"),
    Reason.REALLOC_UNALIGNED: (None, "realloc return: result not aligned"),
    Reason.REALLOC_OUT_OF_BOUNDS: (None, "realloc return: beyond end of memory"),
    Reason.INVALID_UTF8: (None, "invalid utf-8 sequence"),
    Reason.INCOMPLETE_UTF8: (None, "incomplete utf-8 byte sequence"),
    Reason.INVALID_UTF16: (None, "unpaired surrogate: invalid utf-16 sequence"),
    Reason.INVALID_CHAR: (TrapCode.INVALID_CHAR, "integer value is not a valid `char`"),
    Reason.BORROWS_LEFT: (None, "borrow handles still remain at the end of the call"),
    Reason.NO_ROOM: (None, "the values of one call take more memory than the instance may use for them"),
    Reason.INVALID_CASE: (TrapCode.INVALID_DISCRIMINANT, "invalid variant discriminant: {}"),
}  # fmt: skip


def trap(reason: Reason, number: int = 0) -> Trap:
    """The trap of a reason; the number is the one that its message mentions."""
    code, message = _REASONS[reason]
    made = Trap(message.format(number))
    made._code = code
    return made


def unaligned(message: str) -> Trap:
    """A pointer of an asynchronous function is no multiple of what it points to."""
    made = Trap(message)
    made._code = TrapCode.UNALIGNED_POINTER
    return made
