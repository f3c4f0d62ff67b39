"""What the public interface raises. Everything that can go wrong with a guest is a `FuseeError`."""

from dataclasses import dataclass

from fusee.spec.errors import ModuleError
from fusee.spec.traps import TrapCode


class FuseeError(Exception):
    """Base of all errors of this package; `offset` is a place in the module's bytes, where there is one."""

    def __init__(self, message: str, offset: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset

    def __str__(self) -> str:
        return self.message if self.offset is None else f"{self.message} (at offset {self.offset:#x})"


WasmtimeError = FuseeError
"""The name that code written for wasmtime-py catches."""


class MalformedError(FuseeError):
    """The bytes are not a module (spec 5); `reason` says in what way, if the engine found it."""

    reason: ModuleError | None = None


class ValidationError(FuseeError):
    """The module breaks a rule of validation (spec 3)."""


class UnsupportedError(FuseeError):
    """Valid, but this version cannot execute it."""


class ProposalError(MalformedError, UnsupportedError):
    """The bytes are no module by version 3.0 of the specification, but are by a proposal that the message names."""


class LinkError(FuseeError):
    """An import is missing, or what was given for it has another type (spec 4.5.4)."""


class LimitError(FuseeError):
    """The system gave no memory, or a limit of the store is reached."""


class StoreError(FuseeError):
    """An object was used with a store that it does not belong to."""


class HostError(FuseeError):
    """A host function gave results that do not fit its type."""


class ExitTrap(FuseeError):
    """The guest ended itself through WASI's `proc_exit`; `code` is its exit status."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exited with status {code}")
        self.code = code


@dataclass(frozen=True)
class Frame:
    """One function of a backtrace; the innermost comes first."""

    func_index: int
    func_name: str | None
    module_name: str | None
    module_offset: int
    func_offset: int

    def __str__(self) -> str:
        name = self.func_name or f"<wasm function {self.func_index}>"
        return f"{self.module_offset:#x} - {self.module_name or '<unknown>'}!{name}"


class Trap(FuseeError):
    """The guest trapped, or a host function made it trap by raising this."""

    def __init__(self, message: str, trap_code: TrapCode | None = None, frames: list[Frame] | None = None) -> None:
        super().__init__(message)
        self.trap_code = trap_code
        self.frames: list[Frame] = frames if frames is not None else []

    def __str__(self) -> str:
        if not self.frames:
            return self.message
        lines = [f"{number:5}: {frame}" for number, frame in enumerate(self.frames)]
        return "\n".join([self.message, "wasm backtrace:", *lines])
