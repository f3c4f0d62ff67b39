"""What can be wrong with values and tables, in words."""

from typing import Final

from fusee.engine.capi.component import capi
from fusee.engine.capi.component.state import Instance
from fusee.engine.capi.state import Trap, Vector
from fusee.kernel.lang import KernelError, Ptr, cast, kernel, stack_array, table, u8, u16, u32, u64, usize
from fusee.spec.traps import TrapCode
from fusee.spec.worded import WordedCode


class Broken(KernelError, tag=8):
    """A component cannot go on, or not be used as the app does it. Code: a `Fault`."""


class Fault(WordedCode):
    """Each member carries the message that the embedder sees."""

    GUEST = 0, "the guest has trapped"  # the trap is the instance's
    MEMORY = 1, "out of memory"
    TABLE = 2, "these bytes are no component that `fusee build --component` has split"
    VALUE = 3, "a value is not of the expected type"
    COUNT = 4, "the wrong number of arguments"
    ENTER = 5, "cannot enter component instance"
    LEAVE = 6, "cannot leave component instance"
    STRING_BOUNDS = 7, "string pointer/length out of bounds of memory"
    STRING_LENGTH = 8, "string content too long"
    STRING_ALIGNMENT = 9, "string pointer not aligned to 2"
    UTF8 = 10, "invalid utf-8 sequence"
    UTF16 = 11, "unpaired surrogate: invalid utf-16 sequence"
    LIST_BOUNDS = 12, "list pointer/length out of bounds of memory"
    LIST_LENGTH = 13, "list content too long"
    LIST_ALIGNMENT = 14, "list pointer is not aligned"
    CHAR = 15, "integer value is not a valid `char`"
    CASE = 16, "invalid variant discriminant"
    POINTER_ALIGNMENT = 17, "pointer not aligned"
    POINTER_BOUNDS = 18, "pointer out of bounds of memory"
    REALLOC_ALIGNMENT = 19, "realloc return: result not aligned"
    REALLOC_BOUNDS = 20, "realloc return: beyond end of memory"
    HANDLE = 21, "unknown handle index"
    HANDLE_TYPE = 22, "handle index used with the wrong type"
    HANDLE_LENT = 23, "cannot remove owned resource while borrowed"
    HANDLE_BORROW = 24, "cannot lift own resource from a borrow"
    BORROWS_LEFT = 25, "borrow handles still remain at the end of the call"
    HANDLES_FULL = 26, "resource table has no free keys"
    BUDGET = 27, "the values of one call take more memory than the instance may use for them"
    UNKNOWN = 28, "a function was called that the app has not defined"
    SHAPE = 29, "a core module of the component does not export what the component says"
    WASI = 30, "the store has no WASI configuration"
    DEADLOCK = 31, "deadlock detected: event loop cannot make further progress"
    BLOCK = 32, "cannot block a synchronous task before returning"
    NOT_ASYNC = 33, "`task.return` or `task.cancel` called by a task that was not lifted with `async`"
    RETURN_TYPE = 34, "invalid `task.return` signature and/or options for current task"
    RETURNED = 35, "`task.return` or `task.cancel` called more than once for a task"
    NO_RESULT = 36, "async-lifted export failed to produce a result"
    CALLBACK_CODE = 37, "unsupported callback code"
    BACKPRESSURE = 38, "backpressure counter overflow"
    NOT_CANCELLED = 39, "`task.cancel` called by a task which has not been cancelled"
    INTERRUPT = 40, TrapCode.INTERRUPT.message


_TEXTS: Final = [fault.message.encode() for fault in Fault]
TEXT = table(u8, b"".join(_TEXTS))
STARTS = table(u16, [sum(map(len, _TEXTS[:number])) for number in range(len(_TEXTS) + 1)])


@kernel
def trap_from(store: usize, status: u64) -> Trap:
    """The trap for a status; not for `Fault.GUEST`."""
    code = u32(status >> 32) & 0xFF_FFFF
    message = stack_array(Vector, 1)[0]
    start = u32(STARTS[code])
    message.data = cast(Ptr[u8], TEXT) + start
    message.size = usize(u32(STARTS[code + 1]) - start)
    return capi.new_trap(store, message)


@kernel
def trap_of(instance: Instance, status: u64) -> Trap:
    """The trap for a status, which an instance may have in keeping."""
    if u32(status >> 32) & 0xFF_FFFF == Fault.GUEST:
        found = cast(Trap, instance.trap)
        instance.trap = usize(0)
        return found
    return trap_from(instance.component.store, status)


@kernel(inline=True)
def demand(condition: bool) -> None:
    if not condition:
        raise Broken(Fault.TABLE, 0)
