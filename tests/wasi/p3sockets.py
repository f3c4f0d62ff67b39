"""Sockets of a program of WASI 0.3, without an engine."""

from collections.abc import Iterator
from typing import Any

import pytest

from fusee.component.values import Err
from fusee.wasi import WasiConfig, WasiContext
from fusee.wasi.p3 import define, ready  # noqa: F401  # fills the table
from fusee.wasi.p3.interface import INTERFACES, VERSION


class Sockets:
    """Calls functions of `wasi:sockets` as a guest would."""

    def __init__(self, config: WasiConfig) -> None:
        self.context = WasiContext(config)

    async def call(self, name: str, *arguments: Any, interface: str = "types") -> Any:
        """What a function gives, once it is there; or its error code."""
        function = INTERFACES[f"wasi:sockets/{interface}@{VERSION}"].functions[name]
        try:
            value = function.call(self.context, *arguments)
            if function.is_async and hasattr(value, "__await__"):
                return await function.complete(self.context, value, lambda context, value: value)
            return value
        except Err as error:
            return error.payload

    async def make(self, kind: str, family: str = "ipv4") -> Any:
        """A socket, which ends with the program."""
        made = await self.call(f"[static]{kind}-socket.create", family)
        self.context.resources.add(made)
        return made

    async def tcp(self, name: str, *arguments: Any) -> Any:
        """A method of a connection."""
        return await self.call(f"[method]tcp-socket.{name}", *arguments)

    async def udp(self, name: str, *arguments: Any) -> Any:
        """A method of a socket for datagrams."""
        return await self.call(f"[method]udp-socket.{name}", *arguments)


@pytest.fixture
def program() -> Iterator[Sockets]:
    """A program that has the network."""
    config = WasiConfig()
    config.inherit_network()
    made = Sockets(config)
    with made.context:
        yield made


def accepted(program: Sockets, handle: Any) -> Any:
    """The socket that a handle stands for."""
    return program.context.resources._resources[handle.rep]
