"""`tcp-socket` of `wasi:sockets/types`: the connections of 0.2, whose streams are those of components."""

import asyncio
import select
import socket
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, Final, Self

from fusee.component.asynchronous.readers import StreamReader
from fusee.component.values import Variant
from fusee.wasi.context import WasiContext
from fusee.wasi.errno import WasiError
from fusee.wasi.p2 import tcp as p2
from fusee.wasi.p2.interface import hand_out
from fusee.wasi.p2.network import host_socket
from fusee.wasi.p2.pollable import Event
from fusee.wasi.p2.socketoptions import SocketFile
from fusee.wasi.p2.streams import DescriptorInput, DescriptorOutput
from fusee.wasi.p3.interface import as_before
from fusee.wasi.p3.network import TYPES, UNSPECIFIED, code_named, code_of
from fusee.wasi.p3.ready import until
from fusee.wasi.p3.transfer import Outcome, PiecesLater, failed, write_all

_PAUSE_SECONDS: Final = 0.01


class TcpSocket(p2.TcpSocket):
    """Its states: unbound, bound, connecting, connected, listening, closed."""

    def __init__(self, made: socket.socket, family: str, state: str = "unbound") -> None:
        super().__init__(made, family, state)
        self._used: set[str] = set()

    def is_free(self, direction: str) -> bool:
        """Whether it is connected, and nobody has asked for a direction of the connection before, who has it now."""
        is_free = self.state == "connected" and direction not in self._used
        if is_free:
            self._used.add(direction)
        return is_free


class _Receiving(DescriptorInput):
    """What comes from the other end. Whoever reads no more says so to the host."""

    descriptor: SocketFile

    def close(self) -> None:
        """Ends the direction."""
        with suppress(OSError):
            self.descriptor.socket.shutdown(socket.SHUT_RD)
        super().close()


class _Sending(DescriptorOutput):
    """What goes to the other end, which learns of the end."""

    descriptor: SocketFile

    def close(self) -> None:
        """Ends the direction."""
        with suppress(OSError):
            self.descriptor.socket.shutdown(socket.SHUT_WR)
        super().close()


class _Listening:
    """Those who connect, one for each time that the guest asks."""

    def __init__(self, context: WasiContext, tcp: TcpSocket) -> None:
        self._context, self._tcp = context, tcp
        self._file: SocketFile = tcp.file.share()  # which is open when the guest has dropped the socket, too
        self._is_over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        while not self._is_over:
            try:
                return hand_out(self._context.resources, self._tcp.accept())
            except BlockingIOError:
                await until(Event(self._file.fd, select.POLLIN))
            except (OSError, WasiError):  # a connection that was broken off (accept(2)), or too many open files
                await asyncio.sleep(_PAUSE_SECONDS)
        raise StopAsyncIteration

    def close(self) -> None:
        """Nobody asks any more."""
        if not self._is_over:
            self._is_over = True
            self._file.close()


TYPES.resource("tcp-socket", TcpSocket)


@TYPES.static("tcp-socket.create(address-family: ip-address-family) -> result<tcp-socket, error-code>")
def create(context: WasiContext, family: str) -> TcpSocket:
    """A socket that is not bound. Whoever may not use the network can do nothing with it."""
    return TcpSocket(host_socket("tcp", family), family)


@TYPES.method("tcp-socket.bind(local-address: ip-socket-address) -> result<_, error-code>")
def bind(context: WasiContext, tcp: TcpSocket, address: Variant) -> None:
    """Binds the socket to an address."""
    tcp.bind(context, address)
    tcp.state = "bound"


@TYPES.method("async tcp-socket.connect(remote-address: ip-socket-address) -> result<_, error-code>")
def connect(context: WasiContext, tcp: TcpSocket, address: Variant) -> Awaitable[None]:
    """Connects."""
    tcp.connect(context, address)
    return _connected(tcp)


async def _connected(tcp: TcpSocket) -> None:
    try:
        await until(Event(tcp.file.fd, select.POLLOUT))
        tcp.finish_connect()
    finally:
        if tcp.state == "connecting":  # the guest has cancelled it
            tcp.state = "closed"


@TYPES.method("tcp-socket.listen() -> result<stream<tcp-socket>, error-code>")
def listen(context: WasiContext, tcp: TcpSocket) -> _Listening:
    """Listens: a stream of those who connect."""
    if tcp.state == "unbound":
        bind(context, tcp, UNSPECIFIED[tcp.family])
    tcp.expect("bound")
    tcp.socket.listen(tcp.backlog)
    tcp.state = "listening"
    return _Listening(context, tcp)


@TYPES.method("tcp-socket.send(data: stream<u8>) -> future<result<_, error-code>>")
def send(context: WasiContext, tcp: TcpSocket, data: StreamReader) -> Outcome:
    """Sends all of a stream; once."""
    if not tcp.is_free("send"):
        data.close()
        return failed(code_named("invalid-state"))
    return write_all(context, data, _Sending(tcp.file, p2.STREAM_BYTES), code_of, waits_in_loop=True)


@TYPES.method("tcp-socket.receive() -> tuple<stream<u8>, future<result<_, error-code>>>")
def receive(context: WasiContext, tcp: TcpSocket) -> tuple[Any, Outcome]:
    """What the other end sends, and how that has ended; once."""
    if not tcp.is_free("receive"):
        return (), failed(code_named("invalid-state"))
    outcome = Outcome()
    return PiecesLater(_Receiving(tcp.file), outcome, code_of), outcome


_as_before: Final = as_before(TYPES, "tcp-socket.")
_as_before("get-local-address() -> result<ip-socket-address, error-code>", p2.local_address)
_as_before("get-remote-address() -> result<ip-socket-address, error-code>", p2.remote_address)
_as_before("get-is-listening() -> bool", p2.is_listening)
_as_before("get-address-family() -> ip-address-family", p2.address_family)
_as_before("set-listen-backlog-size(value: u64) -> result<_, error-code>", p2.set_listen_backlog_size)
_as_before("get-keep-alive-enabled() -> result<bool, error-code>", p2.keep_alive_enabled)
_as_before("set-keep-alive-enabled(value: bool) -> result<_, error-code>", p2.set_keep_alive_enabled)
_as_before("get-keep-alive-idle-time() -> result<duration, error-code>", p2.keep_alive_idle_time)
_as_before("set-keep-alive-idle-time(value: duration) -> result<_, error-code>", p2.set_keep_alive_idle_time)
_as_before("get-keep-alive-interval() -> result<duration, error-code>", p2.keep_alive_interval)
_as_before("set-keep-alive-interval(value: duration) -> result<_, error-code>", p2.set_keep_alive_interval)
_as_before("get-keep-alive-count() -> result<u32, error-code>", p2.keep_alive_count)
_as_before("set-keep-alive-count(value: u32) -> result<_, error-code>", p2.set_keep_alive_count)
_as_before("get-hop-limit() -> result<u8, error-code>", p2.hop_limit)
_as_before("set-hop-limit(value: u8) -> result<_, error-code>", p2.set_hop_limit)
_as_before("get-receive-buffer-size() -> result<u64, error-code>", p2.receive_buffer_size)
_as_before("set-receive-buffer-size(value: u64) -> result<_, error-code>", p2.set_receive_buffer_size)
_as_before("get-send-buffer-size() -> result<u64, error-code>", p2.send_buffer_size)
_as_before("set-send-buffer-size(value: u64) -> result<_, error-code>", p2.set_send_buffer_size)
