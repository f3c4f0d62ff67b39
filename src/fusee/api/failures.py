"""The engine's errors as the public interface's."""

from typing import TYPE_CHECKING

from fusee.api.errors import (
    FuseeError,
    LimitError,
    LinkError,
    MalformedError,
    ProposalError,
    StoreError,
    Trap,
    UnsupportedError,
    ValidationError,
    WasmtimeError,
)
from fusee.engine import errors as engine
from fusee.engine.runtime.holdings import Limit
from fusee.kernel.errors import KernelError
from fusee.spec.errors import ModuleError
from fusee.spec.features import Feature, Unsupported
from fusee.spec.traps import TrapCode

if TYPE_CHECKING:
    from fusee.api.store import Store


_OF_FUNCTIONS = (Limit.FRAME, Limit.CODE, Limit.MODULE_CODE, Limit.PASSED_VALUES)  # the detail is a function's index


def failure_of_module(error: FuseeError, binary: bytes, features: Feature) -> FuseeError:
    """The same error, or one that names the proposal by which the bytes in question mean something."""
    if not isinstance(error, MalformedError) or error.reason is None or error.offset is None:
        return error
    from fusee.spec.proposals import meaning_of

    meaning = meaning_of(error.reason, binary, error.offset, features)
    return ProposalError(f"{error.message}: {meaning}", error.offset) if meaning else error


def failure_of(status: int, store: "Store | None" = None, thrown: int = 0) -> FuseeError:
    """The exception for a status; a trap's backtrace comes from the store that it happened in.

    What a guest has thrown is kept by the place `thrown`.
    """
    error = KernelError.from_status(status)
    if isinstance(error, engine.Malformed):
        malformed = MalformedError(ModuleError(error.code).message, error.detail)
        malformed.reason = ModuleError(error.code)
        return malformed
    if isinstance(error, engine.Invalid):
        return ValidationError(ModuleError(error.code).message, error.detail)
    if isinstance(error, engine.Unsupported):
        return UnsupportedError(Unsupported(error.code).message, error.detail)
    if isinstance(error, engine.Exhausted):
        of = f"function {error.detail}: " if error.code in _OF_FUNCTIONS else ""
        return LimitError(f"{of}{Limit(error.code).message}")
    if isinstance(error, engine.LinkError):
        return LinkError("incompatible import type")
    if isinstance(error, engine.Trap) and error.code == TrapCode.UNCAUGHT_EXCEPTION and store is not None:
        from fusee.api.exception import WasmException

        frames = store._backtrace()
        return WasmException._kept(store, thrown, frames)
    if isinstance(error, engine.Trap):
        return Trap._of(TrapCode(error.code), store._backtrace() if store is not None else [])
    if isinstance(error, engine.Busy):
        return StoreError("another thread is using the store")
    return WasmtimeError(f"the engine failed with status {status:#x}")
