"""Sockets of WASI 0.2, on this machine's own addresses: states, streams, what errors are called."""

import socket
from typing import Any

import pytest

from fusee import Trap
from fusee.component.values import Record, Variant
from fusee.wasi.p2.network import from_guest, to_guest
from tests.wasi import sockets
from tests.wasi.addresses import ANY, HOME, ipv4, ipv6
from tests.wasi.program import Program
from tests.wasi.sockets import Sockets, listening

program = sockets.program


def test_a_connection(program: Program) -> None:
    server, address = listening(program)
    assert server.call("is-listening") is True
    assert server.call("accept") == "would-block"
    client = Sockets(program, "tcp")
    assert client.call("start-connect", client.network, address) is None
    client.wait()
    reader, writer = client.call("finish-connect")
    server.wait()
    accepted, far_reader, far_writer = server.call("accept")
    assert client.call("remote-address") == address == server.call("local-address", of=accepted)
    assert server.call("remote-address", of=accepted) == client.call("local-address")
    assert program.stream("read", reader, 10) == b""
    program.stream("blocking-write-and-flush", writer, b"question")
    assert program.stream("blocking-read", far_reader, 100) == b"question"
    program.stream("blocking-write-and-flush", far_writer, b"answer")
    assert server.call("shutdown", "send", of=accepted) is None
    assert program.stream("blocking-read", reader, 100) == b"answer"
    assert program.stream_error("blocking-read", reader, 100) is None
    program.stream("check-write", far_writer)
    assert program.stream_error("write", far_writer, b"late") is None
    for end in (reader, writer, accepted, far_reader, far_writer):
        end.close()
    with pytest.raises(OSError, match="Bad file"):
        accepted.socket.getsockname()


def test_a_connection_that_takes_nothing_keeps_little(program: Program) -> None:
    server, address = listening(program)
    client = Sockets(program, "tcp")
    client.call("start-connect", client.network, address)
    client.wait()
    reader, writer = client.call("finish-connect")
    written = 0
    while (room := program.stream("check-write", writer)) and written < 1 << 26:
        program.stream("write", writer, bytes(room))
        written += room
    assert room == 0
    assert len(writer._pending) <= 1 << 16
    accepted, far_reader, far_writer = server.call("accept")
    received = 0
    while received < written:
        received += len(program.stream("blocking-read", far_reader, 1 << 20))
        program.stream("check-write", writer)
    assert received == written
    program.call("io/poll", "poll", [program.call("io/streams", "[method]output-stream.subscribe", writer)])
    assert program.stream("check-write", writer) > 0
    for end in (reader, writer, accepted, far_reader, far_writer):
        end.close()


def test_states(program: Program) -> None:
    tcp = Sockets(program, "tcp")
    for name in ("local-address", "remote-address", "start-listen", "accept"):
        assert tcp.call(name) == "invalid-state"
    assert tcp.call("shutdown", "both") == "invalid-state"
    for name in ("finish-bind", "finish-connect", "finish-listen"):
        assert tcp.call(name) == "not-in-progress"
    assert tcp.call("start-bind", tcp.network, ipv4(0)) is None
    assert tcp.call("start-bind", tcp.network, ipv4(0)) == "invalid-state"
    assert tcp.call("start-connect", tcp.network, ipv4(1)) == "invalid-state"
    assert tcp.call("finish-bind") is None
    assert tcp.call("local-address").payload.address == HOME
    assert tcp.call("start-listen") is None
    assert tcp.call("finish-listen") is None
    assert tcp.call("start-connect", tcp.network, ipv4(1)) == "invalid-state"
    assert tcp.call("is-listening") is True
    assert tcp.call("address-family") == "ipv4"


def test_nobody_is_there(program: Program) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        tcp = Sockets(program, "tcp")
        assert tcp.call("start-connect", tcp.network, ipv4(port)) is None
        tcp.wait()
        assert tcp.call("finish-connect") == "connection-refused"
        assert tcp.call("finish-connect") == "not-in-progress"
        assert tcp.call("start-connect", tcp.network, ipv4(port)) == "invalid-state"


def test_an_address_that_is_taken(program: Program) -> None:
    _, address = listening(program)
    tcp = Sockets(program, "tcp")
    assert tcp.call("start-bind", tcp.network, address) == "address-in-use"
    assert tcp.call("start-bind", tcp.network, ipv4(0, (192, 0, 2, 1))) == "address-not-bindable"


@pytest.mark.parametrize(
    ("family", "address"),
    [
        ("ipv4", ipv4(80, ANY)),
        ("ipv4", ipv4(0)),
        ("ipv4", ipv4(80, (224, 0, 0, 1))),
        ("ipv4", ipv4(80, (255, 255, 255, 255))),
        ("ipv4", ipv6(80, 0, 0, 0, 0, 0, 0, 0, 1)),
        ("ipv6", ipv4(80)),
        ("ipv6", ipv6(80, 0, 0, 0, 0, 0, 0, 0, 0)),
        ("ipv6", ipv6(80, 0, 0, 0, 0, 0, 0xFFFF, 0x7F00, 1)),
        ("ipv6", ipv6(80, 0xFF02, 0, 0, 0, 0, 0, 0, 1)),
    ],
)
def test_addresses_that_nobody_can_connect_to(program: Program, family: str, address: Variant) -> None:
    tcp = Sockets(program, "tcp", family)
    assert tcp.call("start-connect", tcp.network, address) == "invalid-argument"


def test_options(program: Program) -> None:
    tcp = Sockets(program, "tcp")
    assert tcp.call("keep-alive-enabled") is False
    assert tcp.call("set-keep-alive-enabled", True) is None
    assert tcp.call("keep-alive-enabled") is True
    for name in ("keep-alive-idle-time", "keep-alive-interval"):
        assert tcp.call(f"set-{name}", 1_500_000_000) is None
        assert tcp.call(name) == 2_000_000_000
        assert tcp.call(f"set-{name}", (1 << 64) - 1) is None
        assert tcp.call(name) == 32767 * 10**9
        assert tcp.call(f"set-{name}", 0) == "invalid-argument"
    assert tcp.call("set-keep-alive-count", 1 << 31) is None
    assert tcp.call("keep-alive-count") == 127
    assert tcp.call("set-hop-limit", 7) is None
    assert tcp.call("hop-limit") == 7
    for name in ("receive-buffer-size", "send-buffer-size"):
        assert tcp.call(f"set-{name}", 40_000) is None
        assert tcp.call(name) == 40_000
        assert tcp.call(f"set-{name}", (1 << 64) - 1) is None
        assert tcp.call(f"set-{name}", 0) == "invalid-argument"
    for name in ("hop-limit", "keep-alive-count", "listen-backlog-size"):
        assert tcp.call(f"set-{name}", 0) == "invalid-argument"
    assert tcp.call("set-listen-backlog-size", 1 << 63) is None


def test_ipv6(program: Program) -> None:
    tcp = Sockets(program, "tcp", "ipv6")
    if tcp.call("start-bind", tcp.network, ipv6(0, 0, 0, 0, 0, 0, 0, 0, 1)) == "address-not-bindable":
        pytest.skip("this machine has no IPv6")
    assert tcp.call("finish-bind") is None
    assert tcp.call("local-address").payload.address == (0, 0, 0, 0, 0, 0, 0, 1)
    assert tcp.call("set-hop-limit", 3) is None
    assert tcp.call("hop-limit") == 3


def test_addresses_go_both_ways() -> None:
    for address in (ipv4(65535, (1, 2, 3, 255)), ipv6(1, 0xFE80, 0, 0, 0xFFFF, 1, 2, 3, 4)):
        assert to_guest(from_guest(address)) == address


# Datagrams


def test_datagrams(program: Program) -> None:
    one, two = Sockets(program, "udp"), Sockets(program, "udp")
    assert one.call("stream", None) == "invalid-state"
    address, other = one.bind(), two.bind()
    receive = "[method]incoming-datagram-stream.receive"
    incoming, outgoing = one.call("stream", None)
    far_incoming, far_outgoing = two.call("stream", address)
    assert two.call("remote-address") == address
    assert one.call("remote-address") == "invalid-state"

    def send(stream: Any, *datagrams: Record) -> Any:
        program.ok("sockets/udp", "[method]outgoing-datagram-stream.check-send", stream)
        return program.call("sockets/udp", "[method]outgoing-datagram-stream.send", stream, list(datagrams)).payload

    assert send(far_outgoing, *(Record(data=bytes([i]), remote_address=None) for i in range(3))) == 3
    program.call(
        "io/poll", "poll", [program.call("sockets/udp", "[method]incoming-datagram-stream.subscribe", incoming)]
    )
    found = program.ok("sockets/udp", receive, incoming, 2) + program.ok("sockets/udp", receive, incoming, 1 << 63)
    assert [(one.data, one.remote_address) for one in found] == [(bytes([i]), other) for i in range(3)]
    assert program.ok("sockets/udp", receive, incoming, 5) == []
    assert send(outgoing, Record(data=b"back", remote_address=other)) == 1
    assert send(outgoing, Record(data=b"", remote_address=None)) == "invalid-argument"
    assert send(outgoing, Record(data=bytes(70_000), remote_address=other)) == "datagram-too-large"
    assert send(far_outgoing, Record(data=b"", remote_address=ipv4(9))) == "invalid-argument"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"not for you", ("127.0.0.1", other.payload.port))
    assert [one.data for one in program.ok("sockets/udp", receive, far_incoming, 5)] == [b"back"]
    with pytest.raises(Trap, match="17 datagrams, and check-send has permitted 16"):
        send(outgoing, *[Record(data=b"", remote_address=other)] * 17)
    for stream in (incoming, outgoing, far_incoming, far_outgoing):
        stream.close()
