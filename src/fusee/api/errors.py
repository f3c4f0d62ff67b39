"""What the public interface raises. Everything that can go wrong with a guest is a `FuseeError`.

As in wasmtime-py, a trap is no `WasmtimeError`, and everything else is one, as are traps of components
(`fusee.component.ComponentTrap`).
"""

from typing import TYPE_CHECKING

from fusee.api.managed import ArgumentError as ArgumentError
from fusee.api.managed import Managed, expect

if TYPE_CHECKING:
    from fusee.api.frame import Frame
    from fusee.api.store import Store
    from fusee.api.traps import TrapCode
    from fusee.spec.errors import ModuleError
    from fusee.spec.traps import TrapCode as Cause


class FuseeError(Exception, Managed):
    """Base of all errors of this package: `WasmtimeError` and `Trap`."""

    def __init__(self, message: str, offset: int | None = None) -> None:
        """`message` is a str; `offset` a place in the module's bytes, where there is one. Raises `ArgumentError`."""
        expect(message, str, "a str")
        super().__init__(message)
        self._message = message
        self._offset = offset

    @property
    def message(self) -> str:
        """What is wrong, a str without the place."""
        return self._message

    @property
    def offset(self) -> int | None:
        """The place in the module's binary, in bytes from its start; None if the error has none."""
        return self._offset

    def __str__(self) -> str:
        return self._message if self._offset is None else f"{self._message} (at offset {self._offset:#x})"


class WasmtimeError(FuseeError):
    """Any error but a trap, under the name that code written for wasmtime-py catches."""

    def _throw(self, store: "Store") -> bool:
        """Have the guest that waits for a host function catch this: whether it is an exception of guests at all."""
        return False


class MalformedError(WasmtimeError):
    """The bytes are not a module (spec 5); `reason` says in what way, if the engine found it."""

    reason: "ModuleError | None" = None


class ValidationError(WasmtimeError):
    """The module breaks a rule of validation (spec 3)."""


class UnsupportedError(WasmtimeError):
    """This engine cannot execute it; what else the module has was perhaps not looked at."""


class ProposalError(MalformedError, UnsupportedError):
    """The bytes are no module by version 3.0 of the specification, but are by a proposal that the message names."""


class LinkError(WasmtimeError):
    """An import is missing, or what was given for it has another type (spec 4.5.4)."""


class LimitError(WasmtimeError):
    """The system gave no memory, or a limit of the store is reached."""


class StoreError(WasmtimeError):
    """An object was used with a store that it does not belong to, or a store by two threads at once."""


class HostError(WasmtimeError):
    """A host function gave results that do not fit its type."""


class ExitTrap(WasmtimeError):
    """The guest ended itself through WASI's `proc_exit`. As in wasmtime-py this is no `Trap`."""

    def __init__(self, code: int) -> None:
        """`code` is the exit status, an int."""
        super().__init__(f"Exited with i32 exit status {code}")
        self.code = code


class Trap(FuseeError):
    """The guest trapped (spec 4.2.2), or a host function made it trap by raising this."""

    _cause: "Cause | None" = None
    _code: "TrapCode | None" = None  # of those that have no such cause
    _frames: "tuple[Frame, ...]" = ()
    _is_hosts = False  # a host function of a component has raised it

    def __init__(self, message: str) -> None:
        """A trap of the host's own; `message` is a str."""
        super().__init__(message)

    @classmethod
    def _of(cls, cause: "Cause", frames: "list[Frame]") -> "Trap":
        """A trap of the guest's."""
        trap = cls(cause.message)
        trap._cause = cause
        trap._frames = tuple(frames)
        return trap

    @property
    def trap_code(self) -> "TrapCode | None":
        """Why the guest trapped; None if a host function did."""
        if self._cause is None:
            return self._code
        from fusee.api.traps import code_of

        return code_of(self._cause)

    @property
    def frames(self) -> "list[Frame]":
        """Where the guest was, the innermost function first; 64 frames at most."""
        return list(self._frames)

    @property
    def reason(self) -> str:
        """Why the guest trapped in the words of the specification's test suite, without a backtrace."""
        return self._message

    @property
    def message(self) -> str:
        """Why and where, in the form of wasmtime's messages."""
        if self._cause is None:
            return self._message
        from fusee.api.traps import words_of

        what = f"wasm trap: {words_of(self._cause)}"
        if not self._frames:
            return what
        lines = "".join(f"{number:5}: {frame._line(8)}\n" for number, frame in enumerate(self._frames))
        return f"error while executing at wasm backtrace:\n{lines}\nCaused by:\n    {what}\n"

    def __str__(self) -> str:
        return self.message
