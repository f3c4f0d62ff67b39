"""Sockets of a program of WASI 0.2."""

from collections.abc import Iterator
from typing import Any

import pytest

from fusee.component.values import Variant
from fusee.wasi import WasiConfig
from tests.wasi.addresses import ipv4
from tests.wasi.program import Program


@pytest.fixture
def program() -> Iterator[Program]:
    """A program that has the network."""
    made = Program(configure=WasiConfig.inherit_network)
    with made.context:
        yield made


class Sockets:
    """Calls methods of sockets of one kind; they end with the program."""

    def __init__(self, program: Program, kind: str, family: str = "ipv4") -> None:
        self.program, self.kind = program, kind
        self.network = program.call("sockets/instance-network", "instance-network")
        self.made = program.ok(f"sockets/{kind}-create-socket", f"create-{kind}-socket", family)
        program.context.resources.add(self.made)

    def call(self, name: str, *arguments: Any, of: Any = None) -> Any:
        """What a method gives, or its error code."""
        full = f"[method]{self.kind}-socket.{name}"
        found = self.program.call(f"sockets/{self.kind}", full, of or self.made, *arguments)
        return found.payload if isinstance(found, Variant) else found

    def bind(self, address: Variant = ipv4(0)) -> Variant:  # noqa: B008  # never changed
        """Binds it: its address."""
        assert self.call("start-bind", self.network, address) is None
        assert self.call("finish-bind") is None
        bound = self.call("local-address")
        assert isinstance(bound, Variant)
        return bound

    def wait(self, of: Any = None) -> None:
        """Until it is ready."""
        self.program.call("io/poll", "poll", [self.call("subscribe", of=of)])


def listening(program: Program) -> tuple[Sockets, Variant]:
    """A socket that listens, and its address."""
    tcp = Sockets(program, "tcp")
    address = tcp.bind()
    assert tcp.call("start-listen") is None
    assert tcp.call("finish-listen") is None
    return tcp, address
