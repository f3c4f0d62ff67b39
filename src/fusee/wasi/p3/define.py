"""The interfaces of WASI 0.3 as a linker of components wants them."""

from typing import TYPE_CHECKING

from fusee.wasi.p2.define import add_interfaces

# Importing these fills the table.
from fusee.wasi.p3 import cli, clocks, filesystem, lookup, tcp, udp  # noqa: F401
from fusee.wasi.p3.interface import INTERFACES

if TYPE_CHECKING:
    from fusee.component.linker import Linker


def add_wasip3(linker: "Linker") -> None:
    """Defines all interfaces that there are.

    Raises `WasmtimeError` if one of their names is taken, unless the linker allows shadowing.
    """
    add_interfaces(linker, [*INTERFACES.values()])
