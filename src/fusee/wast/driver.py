"""What the runner asks of an engine, and how an engine answers other than with values."""

from collections.abc import Sequence
from typing import Any, Protocol

from fusee.wast.values import Value


class Outcome(Exception):
    """An engine's answer that is not a value."""


class Malformed(Outcome):
    """The bytes are not a module (spec 5)."""


class Invalid(Outcome):
    """The module does not validate (spec 3)."""


class Unlinkable(Outcome):
    """An import is missing or has another type (spec 4.7.2)."""


class Trapped(Outcome):
    """Execution trapped; the message is the specification's."""


class Exhausted(Trapped):
    """Execution ran out of stack."""


class Thrown(Outcome):
    """A WebAssembly exception reached the host."""


class Unsupported(Outcome):
    """The engine validates the module but cannot execute it; the message names the feature."""


class Refused(Malformed, Unsupported):
    """Malformed by the specification; by a proposal that the engine lacks, which the message names, it is a module."""


class Driver(Protocol):
    """One engine with one store; modules and instances are opaque to the runner."""

    def compile(self, binary: bytes) -> Any:
        """Decodes and validates. Raises `Malformed`, `Refused` or `Invalid`."""

    def imported_modules(self, module: Any) -> set[str]:
        """The names of the modules that a module imports from."""

    def instantiate(self, module: Any) -> Any:
        """Links against the registered instances. Raises `Unlinkable`, `Trapped`, `Thrown` or `Unsupported`."""

    def register(self, name: str, instance: Any) -> None:
        """Makes an instance's exports importable under a name."""

    def invoke(self, instance: Any, field: str, arguments: Sequence[Value]) -> list[Value]:
        """Calls an exported function. Raises `Trapped`, `Thrown` or `Unsupported`."""

    def get(self, instance: Any, field: str) -> Value:
        """The value of an exported global."""
