"""The interfaces as a linker of components wants them."""

from typing import TYPE_CHECKING, Any, Final

from fusee.component.types.resource import ResourceType

# Importing these fills the table.
from fusee.wasi.p2 import cli, clocks, io, lookup, network, random, tcp, udp  # noqa: F401
from fusee.wasi.p2.filesystem import attributes, contents, entries  # noqa: F401
from fusee.wasi.p2.interface import INTERFACES, Interface, type_of

if TYPE_CHECKING:
    from fusee.component.linker import Linker

HTTP: Final = "wasi:http/"


def add_wasip2(linker: "Linker") -> None:
    """Defines all interfaces but those of `wasi:http`.

    Raises `WasmtimeError` if one of their names is taken, unless the linker allows shadowing.
    """
    add_interfaces(linker, [found for name, found in INTERFACES.items() if not name.startswith(HTTP)])


def add_wasi_http(linker: "Linker") -> None:
    """Defines `wasi:http/types` and `wasi:http/outgoing-handler`.

    Raises `WasmtimeError` if one of their names is taken, unless the linker allows shadowing.
    """
    from fusee.wasi.p2.http import client  # noqa: F401  # with a client of HTTP, for which few programs should wait

    add_interfaces(linker, [found for name, found in INTERFACES.items() if name.startswith(HTTP)])


def add_interfaces(linker: "Linker", interfaces: list[Interface]) -> None:
    """Defines interfaces. Raises `WasmtimeError` as above."""
    with linker.root() as root:
        for interface in interfaces:
            with root.add_instance(interface.name) as instance:
                for name, found in interface.names.items():
                    if isinstance(found, ResourceType):
                        instance.add_resource(name, found, _drop)
                for function in interface.functions.values():
                    instance.add_func(function.name, function.bound(), type_of(function))


def _drop(store: Any, number: int) -> None:
    """What a guest has no handle to any more ends."""
    store._context._wasi.resources.drop(number)
