"""Sockets of WASI 0.3, on this machine's own addresses: streams, what is allowed, what errors are called."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from fusee import Engine, Store
from fusee.component.asynchronous.hostcalls import Call
from fusee.component.asynchronous.hosttasks import host_tasks_of
from fusee.component.asynchronous.readers import StreamReader
from fusee.component.asynchronous.streams import COMPLETED, DROPPED, SharedStream
from fusee.component.types.primitive import U8
from fusee.component.values import Variant
from fusee.wasi import WasiConfig
from fusee.wasi.errno import Errno, WasiError
from fusee.wasi.p3 import define, ready  # noqa: F401  # fills the table
from fusee.wasi.p3.network import code_of
from fusee.wasi.p3.transfer import Outcome
from tests.wasi import p3sockets
from tests.wasi.addresses import HOME, ipv4
from tests.wasi.p3sockets import Sockets, accepted

program = p3sockets.program


def test_connections(program: Sockets) -> None:
    async def main() -> None:
        server = await program.make("tcp")
        assert await program.tcp("get-local-address", server) == Variant("invalid-state")
        listening = await program.tcp("listen", server)  # binds it, too
        assert await program.tcp("listen", server) == Variant("invalid-state")
        port = (await program.tcp("get-local-address", server)).payload.port
        asked = asyncio.ensure_future(anext(listening))
        await asyncio.sleep(0)
        client = await program.make("tcp")
        assert await program.tcp("connect", client, ipv4(port)) is None
        assert await program.tcp("connect", client, ipv4(port)) == Variant("invalid-state")
        near = accepted(program, await asked)
        assert await program.tcp("get-remote-address", client) == ipv4(port)
        assert await program.tcp("get-local-address", near) == ipv4(port)
        near.socket.send(b"hello")
        data, outcome = await program.tcp("receive", client)
        assert await anext(data) == b"hello"
        closed, failure = await program.tcp("receive", client)
        assert closed == () and await failure == Variant("invalid-state")
        near.socket.shutdown(socket.SHUT_WR)
        assert [part async for part in data] == [] and await outcome is None
        listening.close()
        with pytest.raises(StopAsyncIteration):
            await anext(listening)

    asyncio.run(main())


class Given:
    """What a guest writes to a stream."""

    is_host = False

    def __init__(self, data: bytes) -> None:
        self.data, self.length, self.progress = data, len(data), 0

    def read(self, count: int, is_host: bool) -> bytes:
        """The next bytes."""
        self.progress += count
        return self.data[self.progress - count : self.progress]

    def write(self, values: Any, is_host: bool) -> None:
        """Nothing is put into it."""
        raise NotImplementedError


@pytest.mark.parametrize("is_read", [True, False])
def test_what_the_other_end_does_not_take_waits_in_the_loop(program: Sockets, is_read: bool) -> None:
    given, ends = Given(bytes(range(256)) * 60_000), []
    store, shared = Store(Engine()), SharedStream(U8())
    reader: StreamReader = StreamReader._of(store, U8(), shared)
    host, guest = host_tasks_of(store), Call(None)

    def go_on(result: int = COMPLETED) -> None:
        ends.append(result)
        if given.progress < given.length and result == COMPLETED:
            shared.write(given, given, on_copy, go_on)
        elif result == COMPLETED:
            shared.drop()

    def on_copy(take_back: Callable[[], None]) -> None:
        take_back()
        go_on()

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            tcp = await program.make("tcp")
            assert await program.tcp("connect", tcp, ipv4(listener.getsockname()[1])) is None
            far, _ = listener.accept()
            running = asyncio.ensure_future(host.wait(guest))
            await asyncio.sleep(0)
            outcome = await program.tcp("send", tcp, reader)
            go_on()
            assert given.progress < given.length and ends[-1] == COMPLETED
            if is_read:
                found, writer = await asyncio.open_connection(sock=far)
                assert await found.read() == given.data and await outcome is None
                writer.close()
                await writer.wait_closed()
            else:
                far.close()
                assert (await outcome).tag in ("connection-reset", "connection-broken") and ends[-1] == DROPPED
            guest.resolve(None)
            await running

    asyncio.run(main())


@pytest.mark.parametrize("is_begun", [False, True])
def test_who_reads_no_more_learns_the_end(program: Sockets, is_begun: bool) -> None:
    """A stream that nobody has read from ends its direction of the connection, too."""

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = await program.make("tcp")
            assert await program.tcp("connect", client, ipv4(listener.getsockname()[1])) is None
            far, _ = listener.accept()
            data, outcome = await program.tcp("receive", client)
            if is_begun:
                far.send(b"x")
                assert await anext(data) == b"x"
            data.close()
            assert await outcome is None
            assert client.socket.recv(1) == b""
            far.close()

    asyncio.run(main())


def test_nobody_is_there(program: Sockets) -> None:
    async def main() -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            tcp = await program.make("tcp")
            assert await program.tcp("connect", tcp, ipv4(free.getsockname()[1])) == Variant("connection-refused")
            assert tcp.state == "closed"
            assert await program.tcp("connect", tcp, ipv4(1)) == Variant("invalid-state")
            assert await program.tcp("bind", tcp, ipv4(0)) == Variant("invalid-state")

    asyncio.run(main())


def test_a_connection_that_is_cancelled(program: Sockets) -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            tcp = await program.make("tcp")
            connecting = asyncio.ensure_future(program.tcp("connect", tcp, ipv4(listener.getsockname()[1])))
            await asyncio.sleep(0)
            connecting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting
            assert tcp.state == "closed"

    asyncio.run(main())


def test_datagrams(program: Sockets) -> None:
    async def main() -> None:
        one, two = await program.make("udp"), await program.make("udp")
        assert await program.udp("receive", one) == Variant("invalid-state")
        assert await program.udp("bind", one, ipv4(0)) is None
        address = await program.udp("get-local-address", one)
        assert await program.udp("send", two, b"x", None) == Variant("invalid-argument")
        assert await program.udp("disconnect", two) == Variant("invalid-state")
        assert await program.udp("connect", two, address) is None
        own = await program.udp("get-local-address", two)
        assert own.payload.address == HOME
        assert await program.udp("send", two, b"x", ipv4(9)) == Variant("invalid-argument")
        assert await program.udp("send", two, bytes(70_000), None) == Variant("datagram-too-large")
        waiting = [asyncio.ensure_future(program.udp("receive", one)) for _ in range(50)]
        await asyncio.sleep(0)
        (watch,) = ready._watches[asyncio.get_running_loop()].values()  # and one descriptor of the host
        assert len(watch.waiting) == 50
        for number in range(50):
            assert await program.udp("send", two, bytes([number]), address if number % 2 else None) is None
        found = await asyncio.gather(*waiting)
        assert sorted(data[0] for data, _ in found) == [*range(50)] and {sender.tag for _, sender in found} == {"ipv4"}
        assert found[0][1] == own
        assert not ready._watches[asyncio.get_running_loop()]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(b"not for you", ("127.0.0.1", own.payload.port))
        assert await program.udp("send", one, b"back", own) is None
        assert await program.udp("receive", two) == (b"back", address)
        assert await program.udp("disconnect", two) is None
        assert await program.udp("get-remote-address", two) == Variant("invalid-state")

    asyncio.run(main())


def test_what_is_not_allowed() -> None:
    asked: list[tuple[str, str, int]] = []

    def check(use: str, host: str, port: int) -> bool:
        asked.append((use, host, port))
        return use == "udp-connect"

    config = WasiConfig()
    config.allow_network(check)
    program = Sockets(config)

    async def main() -> None:
        denied = Variant("access-denied")
        tcp, udp = await program.make("tcp"), await program.make("udp")
        assert await program.tcp("connect", tcp, ipv4(80)) == denied
        assert await program.tcp("bind", tcp, ipv4(0)) == denied
        assert await program.tcp("listen", tcp) == denied  # which binds it
        assert await program.udp("bind", udp, ipv4(0)) == denied
        assert await program.udp("send", udp, b"", ipv4(9)) is None  # the host binds it
        assert await program.udp("receive", udp) == denied  # from all who know the port
        assert asked == [
            ("tcp-connect", "127.0.0.1", 80), ("tcp-bind", "127.0.0.1", 0), ("tcp-bind", "0.0.0.0", 0),
            ("udp-bind", "127.0.0.1", 0), ("udp-connect", "127.0.0.1", 9), ("udp-bind", "0.0.0.0", 0),
        ]  # fmt: skip

    with program.context:
        asyncio.run(main())


def test_nothing_is_allowed_by_itself() -> None:
    program = Sockets(WasiConfig())

    async def main() -> None:
        denied = Variant("access-denied")
        for kind, names in (("tcp", ("connect", "bind")), ("udp", ("connect", "bind"))):
            made = await program.make(kind)
            for name in names:
                assert await program.call(f"[method]{kind}-socket.{name}", made, ipv4(80)) == denied
        assert await program.udp("send", await program.make("udp"), b"", ipv4(9)) == denied
        assert await program.tcp("listen", await program.make("tcp")) == denied
        assert await program.call("resolve-addresses", "example.org", interface="ip-name-lookup") == denied

    with program.context:
        asyncio.run(main())


def test_names() -> None:
    config = WasiConfig()
    config.allow_ip_name_lookup()
    program = Sockets(config)

    async def main() -> None:
        async def look_up(name: str) -> Any:
            return await program.call("resolve-addresses", name, interface="ip-name-lookup")

        assert await look_up("10.1.2.3") == [Variant("ipv4", (10, 1, 2, 3))]
        assert Variant("ipv4", HOME) in await look_up("localhost")
        assert await look_up("a b") == Variant("invalid-argument")

    with program.context:
        asyncio.run(main())


@pytest.mark.parametrize(
    ("errno", "code"),
    [
        (Errno.PIPE, Variant("connection-broken")),
        (Errno.CONNRESET, Variant("connection-reset")),
        (Errno.DESTADDRREQ, Variant("invalid-argument")),
        (Errno.MFILE, Variant("other", "new-socket-limit")),
        (Errno.DEADLK, Variant("other", "unknown")),
    ],
)
def test_errors_have_codes(errno: Errno, code: Variant) -> None:
    assert code_of(WasiError(errno)) == code


def test_an_outcome_is_what_was_said_first() -> None:
    async def main() -> None:
        outcome = Outcome()
        asyncio.get_running_loop().call_soon(outcome.set, "first")
        assert await outcome == "first"
        outcome.set("second")
        assert await outcome == "first"

    asyncio.run(main())
