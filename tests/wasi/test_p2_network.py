"""Which addresses and names a program of WASI 0.2 may use."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from fusee.component.values import Variant
from fusee.wasi import WasiConfig
from fusee.wasi.p2 import lookup
from fusee.wasi.p2.background import Background, TooManyThreadsError
from tests.wasi import sockets
from tests.wasi.addresses import ANY, HOME, ipv4
from tests.wasi.program import Program
from tests.wasi.sockets import Sockets

program = sockets.program


def test_nothing_is_allowed_by_itself() -> None:
    program = Program()
    for kind in ("tcp", "udp"):
        name = f"create-{kind}-socket"
        assert program.error(f"sockets/{kind}-create-socket", name, "ipv4") == "access-denied"
    network = program.call("sockets/instance-network", "instance-network")
    found = program.error("sockets/ip-name-lookup", "resolve-addresses", network, "example.org")
    assert found == "permanent-resolver-failure"


def test_addresses_can_be_chosen() -> None:
    asked: list[tuple[str, str, int]] = []

    def check(use: str, host: str, port: int) -> bool:
        asked.append((use, host, port))
        return use == "tcp-bind" and host == "127.0.0.1"

    program = Program(configure=lambda config: config.allow_network(check, udp=False))
    assert program.error("sockets/udp-create-socket", "create-udp-socket", "ipv4") == "access-denied"
    with program.context:
        tcp = Sockets(program, "tcp")
        assert tcp.call("start-connect", tcp.network, ipv4(80)) == "access-denied"
        assert tcp.call("start-bind", tcp.network, ipv4(0, ANY)) == "access-denied"
        tcp.bind()
    assert asked == [("tcp-connect", "127.0.0.1", 80), ("tcp-bind", "0.0.0.0", 0), ("tcp-bind", "127.0.0.1", 0)]


# Names


def resolve(program: Program, name: str) -> Any:
    network = program.call("sockets/instance-network", "instance-network")
    stream = program.call("sockets/ip-name-lookup", "resolve-addresses", network, name)
    if stream.tag == "err":
        return stream.payload
    program.context.resources.add(stream.payload)
    subscribe = "[method]resolve-address-stream.subscribe"
    program.call("io/poll", "poll", [program.call("sockets/ip-name-lookup", subscribe, stream.payload)])
    found = []
    method = "[method]resolve-address-stream.resolve-next-address"
    while (one := program.call("sockets/ip-name-lookup", method, stream.payload).payload) is not None:
        if isinstance(one, str):
            return one
        found.append(one)
    return found


def test_names() -> None:
    program = Program(configure=WasiConfig.allow_ip_name_lookup)
    with program.context:
        assert resolve(program, "10.1.2.3") == [Variant("ipv4", (10, 1, 2, 3))]
        assert resolve(program, "[::1]") == [Variant("ipv6", (0, 0, 0, 0, 0, 0, 0, 1))]
        assert Variant("ipv4", HOME) in resolve(program, "localhost")
        for name in ("", "a b", "x" * 64 + ".org", "a" * 300, "host:80", "a\0b", "..", "user@host"):
            assert resolve(program, name) == "invalid-argument"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (socket.EAI_AGAIN, "temporary-resolver-failure"),
        (socket.EAI_NONAME, "name-unresolvable"),
        (socket.EAI_FAIL, "permanent-resolver-failure"),
    ],
)
def test_names_that_are_not_found(monkeypatch: pytest.MonkeyPatch, number: int, code: str) -> None:
    def fail(name: str) -> list[str]:
        raise socket.gaierror(number, "no")

    monkeypatch.setattr(lookup, "_look_up", fail)
    program = Program(configure=WasiConfig.allow_ip_name_lookup)
    with program.context:
        assert resolve(program, "example.invalid") == code


def test_threads_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(work: Callable[[], Any]) -> Background:
        raise TooManyThreadsError

    monkeypatch.setattr(lookup, "Background", refuse)
    assert resolve(Program(configure=WasiConfig.allow_ip_name_lookup), "localhost") == "temporary-resolver-failure"
