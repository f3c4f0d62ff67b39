"""The modules that a device library has native code of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from fusee.native.budget import EVERYTHING, Budget


@dataclass(frozen=True)
class NativeModule:
    """A valid module whose hottest functions shall have native code: all that can, or as many as fit a budget."""

    name: str
    binary: bytes
    executions: Mapping[int, float] | None = None  # of each function, if that has been counted (`choose.candidates`)
    budget: Budget = EVERYTHING
    is_metered: bool = False  # for engines that count fuel or have deadlines; those without interpret it then
    is_interruptible: bool = False  # looks whether it shall stop, for engines that are not metered
    uses_wasi: bool = False  # imports it, of preview 1 or before
    names: Mapping[int, str] = field(default_factory=dict)  # of functions, for reports

    @property
    def key(self) -> str:
        """Tells modules with different code apart."""
        counted = "" if self.executions is None else str(sorted(self.executions.items()))
        kind = f"{counted} {self.budget} {self.is_metered} {self.is_interruptible}"
        return sha256(self.binary + kind.encode()).hexdigest()
