"""The interfaces of WASI 0.3 as a linker of components wants them."""

from typing import TYPE_CHECKING

from fusee.wasi.p2.define import HTTP, add_interfaces

# Importing these fills the table.
from fusee.wasi.p3 import cli, clocks, filesystem, lookup, tcp, udp  # noqa: F401
from fusee.wasi.p3.interface import INTERFACES

if TYPE_CHECKING:
    from fusee.component.linker import Linker


def add_wasip3(linker: "Linker") -> None:
    """Defines all interfaces but those of `wasi:http`.

    Raises `WasmtimeError` if one of their names is taken, unless the linker allows shadowing.
    """
    add_interfaces(linker, [found for name, found in INTERFACES.items() if not name.startswith(HTTP)])


def add_wasi_http(linker: "Linker") -> None:
    """Defines `wasi:http/types` and `wasi:http/client`. Raises `WasmtimeError` as above."""
    from fusee.wasi.p3.http import client  # noqa: F401  # with a client of HTTP, for which few programs should wait

    add_interfaces(linker, [found for name, found in INTERFACES.items() if name.startswith(HTTP)])
