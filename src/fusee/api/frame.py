"""`Frame`: a line of a backtrace."""

from typing import NamedTuple

from fusee.api.managed import Managed
from fusee.api.printable import printable


class _Place(NamedTuple):
    func_index: int
    func_name: str | None
    module_name: str | None
    module_offset: int
    func_offset: int


class Frame(_Place, Managed):
    """One function of a backtrace; the innermost comes first. Names are those of the name section, or None.

    `func_index` is the function's index in its module. `module_offset` is where it stands, in bytes from the start of
    the module's binary; `func_offset` in bytes from the start of the function's body.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return self._line(0)

    def _line(self, width: int) -> str:
        name = printable(self.func_name or f"<wasm function {self.func_index}>")
        return f"{self.module_offset:#{width or 1}x} - {printable(self.module_name or '<unknown>')}!{name}"
