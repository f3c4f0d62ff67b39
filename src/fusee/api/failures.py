"""The engine's errors as the public interface's."""

from typing import TYPE_CHECKING

from fusee.api.errors import (
    FuseeError,
    LimitError,
    LinkError,
    MalformedError,
    Trap,
    UnsupportedError,
    ValidationError,
)
from fusee.engine import errors as engine
from fusee.engine.runtime.holdings import Limit
from fusee.kernel.errors import KernelError
from fusee.spec.errors import ModuleError
from fusee.spec.features import Unsupported
from fusee.spec.traps import TrapCode

if TYPE_CHECKING:
    from fusee.api.store import Store

_LIMITS = {
    Limit.SYSTEM: "out of memory",
    Limit.MEMORY_BYTES: "memory minimum size exceeds memory limits",
    Limit.TABLE_ELEMENTS: "table minimum size exceeds table limits",
    Limit.INSTANCES: "resource limit exceeded: instance count too high",
    Limit.TABLES: "resource limit exceeded: table count too high",
    Limit.MEMORIES: "resource limit exceeded: memory count too high",
    Limit.FRAME: "a function has too many locals and operands",
}


def failure_of(status: int, store: "Store | None" = None) -> FuseeError:
    """The exception for a status; a trap's backtrace comes from the store that it happened in."""
    error = KernelError.from_status(status)
    if isinstance(error, engine.Malformed):
        return MalformedError(ModuleError(error.code).message, error.detail)
    if isinstance(error, engine.Invalid):
        return ValidationError(ModuleError(error.code).message, error.detail)
    if isinstance(error, engine.Unsupported):
        return UnsupportedError(Unsupported(error.code).message, error.detail)
    if isinstance(error, engine.Exhausted):
        return LimitError(_LIMITS.get(Limit(error.code), "out of memory"))
    if isinstance(error, engine.LinkError):
        return LinkError("incompatible import type")
    if isinstance(error, engine.Trap):
        code = TrapCode(error.code)
        return Trap(code.message, code, store.backtrace() if store is not None else [])
    return FuseeError(f"the engine failed with status {status:#x}")
