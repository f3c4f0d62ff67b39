"""`wasi:sockets/tcp`: connections, in the states of the interface's operational semantics."""

import select
import socket
from typing import Final, Self

from fusee.component.values import Err, Variant
from fusee.wasi.context import WasiContext
from fusee.wasi.p2.clocks import MONOTONIC_CLOCK
from fusee.wasi.p2.interface import Interface
from fusee.wasi.p2.io import STREAMS
from fusee.wasi.p2.network import NETWORK, Network, code_of, make_socket, permitted, to_guest
from fusee.wasi.p2.pollable import POLL, READY, Event, Pollable
from fusee.wasi.p2.socketoptions import SECOND_NS, SocketResource, positive
from fusee.wasi.p2.streams import DescriptorInput, DescriptorOutput, InputStream, OutputStream
from fusee.wasi.waiting import reported

STREAM_BYTES: Final = 1 << 16
"""What is kept for a connection that takes nothing at the moment."""
_BACKLOG: Final = 128
_MOST_BACKLOG: Final = 4096
_LONGEST_SECONDS: Final = 32767  # Linux's limits of keep-alive (tcp(7))
_MOST_PROBES: Final = 127


class TcpSocket(SocketResource):
    """Its states: unbound, binding, bound, connecting, connected, listen-started, listening, closed."""

    def __init__(self, made: socket.socket, family: str, state: str = "unbound") -> None:
        super().__init__(made, family, state)
        self.backlog = _BACKLOG

    def event(self) -> Event:
        """That what was started is done, or somebody connects."""
        if self.state == "connecting":
            return Event(self.file.fd, select.POLLOUT)
        return Event(self.file.fd, select.POLLIN) if self.state == "listening" else READY

    def bind(self, context: WasiContext, address: Variant) -> None:
        """Binds it to an address that the program may use. Raises `Err`, `OSError`."""
        self.expect("unbound")
        local = permitted(context, "tcp-bind", self.family, address, False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(local)

    def connect(self, context: WasiContext, address: Variant) -> None:
        """Begins to connect to an address that the program may use. Raises `Err`, `OSError`."""
        self.expect("unbound", "bound")
        remote = permitted(context, "tcp-connect", self.family, address, True)
        try:
            self.socket.connect(remote)
        except BlockingIOError:
            pass
        except OSError:
            self.state = "closed"
            raise
        self.state = "connecting"

    def finish_connect(self) -> None:
        """Is connected, once the host says that something has come of it. Raises `OSError` if nothing has."""
        failure = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure:
            self.state = "closed"
            raise OSError(failure, "connect")
        self.state = "connected"

    def accept(self) -> Self:
        """The next connection. Raises `BlockingIOError` if there is none, `OSError`."""
        made, _ = self.socket.accept()
        made.setblocking(False)
        return type(self)(made, self.family, "connected")

    def streams(self) -> tuple[InputStream, OutputStream]:
        """Both directions of a connection."""
        return DescriptorInput(self.file), DescriptorOutput(self.file, STREAM_BYTES)


TCP: Final = Interface("sockets/tcp", STREAMS, POLL, MONOTONIC_CLOCK, NETWORK, error=code_of)
TCP.define("shutdown-type", "enum {receive, send, both}")
TCP.resource("tcp-socket", TcpSocket)

TCP_CREATE: Final = Interface("sockets/tcp-create-socket", TCP, NETWORK, error=code_of)


@TCP_CREATE.function("create-tcp-socket(address-family: ip-address-family) -> result<tcp-socket, error-code>")
def create_tcp_socket(context: WasiContext, family: str) -> TcpSocket:
    """A socket that is not bound."""
    return TcpSocket(make_socket(context, "tcp", family), family)


@TCP.method(
    "tcp-socket.start-bind(network: borrow<network>, local-address: ip-socket-address) -> result<_, error-code>"
)
def start_bind(context: WasiContext, tcp: TcpSocket, network: Network, address: Variant) -> None:
    """Binds the socket to an address."""
    tcp.bind(context, address)
    tcp.state = "binding"


@TCP.method("tcp-socket.finish-bind() -> result<_, error-code>")
def finish_bind(context: WasiContext, tcp: TcpSocket) -> None:
    """Has been bound."""
    tcp.finish("binding", "bound")


@TCP.method(
    "tcp-socket.start-connect(network: borrow<network>, remote-address: ip-socket-address) -> result<_, error-code>"
)
def start_connect(context: WasiContext, tcp: TcpSocket, network: Network, address: Variant) -> None:
    """Begins to connect."""
    tcp.connect(context, address)


@TCP.method("tcp-socket.finish-connect() -> result<tuple<input-stream, output-stream>, error-code>")
def finish_connect(context: WasiContext, tcp: TcpSocket) -> tuple[InputStream, OutputStream]:
    """The streams of the connection, if it has come about."""
    if tcp.state != "connecting":
        raise Err("not-in-progress")
    if not reported(tcp.file.fd, select.POLLOUT):
        raise Err("would-block")
    tcp.finish_connect()
    return tcp.streams()


@TCP.method("tcp-socket.start-listen() -> result<_, error-code>")
def start_listen(context: WasiContext, tcp: TcpSocket) -> None:
    """Begins to listen."""
    tcp.expect("bound")
    tcp.socket.listen(tcp.backlog)
    tcp.state = "listen-started"


@TCP.method("tcp-socket.finish-listen() -> result<_, error-code>")
def finish_listen(context: WasiContext, tcp: TcpSocket) -> None:
    """Listens."""
    tcp.finish("listen-started", "listening")


@TCP.method("tcp-socket.accept() -> result<tuple<tcp-socket, input-stream, output-stream>, error-code>")
def accept(context: WasiContext, tcp: TcpSocket) -> tuple[TcpSocket, InputStream, OutputStream]:
    """The next connection, if there is one."""
    tcp.expect("listening")
    found = tcp.accept()
    return found, *found.streams()


@TCP.method("tcp-socket.local-address() -> result<ip-socket-address, error-code>")
def local_address(context: WasiContext, tcp: TcpSocket) -> Variant:
    """The socket's own address."""
    return tcp.local_address()


@TCP.method("tcp-socket.remote-address() -> result<ip-socket-address, error-code>")
def remote_address(context: WasiContext, tcp: TcpSocket) -> Variant:
    """The other end's address."""
    tcp.expect("connected")
    return to_guest(tcp.socket.getpeername())


@TCP.method("tcp-socket.is-listening() -> bool")
def is_listening(context: WasiContext, tcp: TcpSocket) -> bool:
    """Whether it listens."""
    return tcp.state == "listening"


@TCP.method("tcp-socket.address-family() -> ip-address-family")
def address_family(context: WasiContext, tcp: TcpSocket) -> str:
    """The family that it was made with."""
    return tcp.family


@TCP.method("tcp-socket.shutdown(shutdown-type: shutdown-type) -> result<_, error-code>")
def shutdown(context: WasiContext, tcp: TcpSocket, kind: str) -> None:
    """Ends a direction of the connection, or both."""
    tcp.expect("connected")
    tcp.socket.shutdown({"receive": socket.SHUT_RD, "send": socket.SHUT_WR, "both": socket.SHUT_RDWR}[kind])


@TCP.method("tcp-socket.subscribe() -> pollable")
def subscribe(context: WasiContext, tcp: TcpSocket) -> Pollable:
    """Ready when what was started is done, or somebody connects."""
    return Pollable(tcp.event)


# Options


@TCP.method("tcp-socket.set-listen-backlog-size(value: u64) -> result<_, error-code>")
def set_listen_backlog_size(context: WasiContext, tcp: TcpSocket, value: int) -> None:
    """How many connections may wait; the host gives what it allows."""
    size = min(positive(value), _MOST_BACKLOG)
    tcp.expect("unbound", "bound", "listening")
    tcp.backlog = size
    if tcp.state == "listening":
        tcp.socket.listen(size)


@TCP.method("tcp-socket.keep-alive-enabled() -> result<bool, error-code>")
def keep_alive_enabled(context: WasiContext, tcp: TcpSocket) -> bool:
    """Whether the host asks now and then whether the other end is there."""
    return bool(tcp.socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))


@TCP.method("tcp-socket.set-keep-alive-enabled(value: bool) -> result<_, error-code>")
def set_keep_alive_enabled(context: WasiContext, tcp: TcpSocket, value: bool) -> None:
    """Whether it does."""
    tcp.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, value)


@TCP.method("tcp-socket.keep-alive-idle-time() -> result<duration, error-code>")
def keep_alive_idle_time(context: WasiContext, tcp: TcpSocket) -> int:
    """After how long a silence it begins to."""
    return tcp.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) * SECOND_NS


@TCP.method("tcp-socket.set-keep-alive-idle-time(value: duration) -> result<_, error-code>")
def set_keep_alive_idle_time(context: WasiContext, tcp: TcpSocket, value: int) -> None:
    """In whole seconds, rounded up."""
    tcp.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _seconds(value))


@TCP.method("tcp-socket.keep-alive-interval() -> result<duration, error-code>")
def keep_alive_interval(context: WasiContext, tcp: TcpSocket) -> int:
    """How long it waits for an answer."""
    return tcp.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) * SECOND_NS


@TCP.method("tcp-socket.set-keep-alive-interval(value: duration) -> result<_, error-code>")
def set_keep_alive_interval(context: WasiContext, tcp: TcpSocket, value: int) -> None:
    """In whole seconds, rounded up."""
    tcp.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _seconds(value))


@TCP.method("tcp-socket.keep-alive-count() -> result<u32, error-code>")
def keep_alive_count(context: WasiContext, tcp: TcpSocket) -> int:
    """How often it asks before it gives up."""
    return tcp.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT)


@TCP.method("tcp-socket.set-keep-alive-count(value: u32) -> result<_, error-code>")
def set_keep_alive_count(context: WasiContext, tcp: TcpSocket, value: int) -> None:
    """The host gives what it allows."""
    tcp.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, min(positive(value), _MOST_PROBES))


@TCP.method("tcp-socket.hop-limit() -> result<u8, error-code>")
def hop_limit(context: WasiContext, tcp: TcpSocket) -> int:
    """How far what it sends goes."""
    return tcp.hop_limit()


@TCP.method("tcp-socket.set-hop-limit(value: u8) -> result<_, error-code>")
def set_hop_limit(context: WasiContext, tcp: TcpSocket, value: int) -> None:
    """How far what it sends goes."""
    tcp.set_hop_limit(value)


@TCP.method("tcp-socket.receive-buffer-size() -> result<u64, error-code>")
def receive_buffer_size(context: WasiContext, tcp: TcpSocket) -> int:
    """The size of the host's buffer."""
    return tcp.buffer_size(socket.SO_RCVBUF)


@TCP.method("tcp-socket.set-receive-buffer-size(value: u64) -> result<_, error-code>")
def set_receive_buffer_size(context: WasiContext, tcp: TcpSocket, value: int) -> None:
    """Asks for a size."""
    tcp.set_buffer_size(socket.SO_RCVBUF, value)


@TCP.method("tcp-socket.send-buffer-size() -> result<u64, error-code>")
def send_buffer_size(context: WasiContext, tcp: TcpSocket) -> int:
    """The size of the host's buffer."""
    return tcp.buffer_size(socket.SO_SNDBUF)


@TCP.method("tcp-socket.set-send-buffer-size(value: u64) -> result<_, error-code>")
def set_send_buffer_size(context: WasiContext, tcp: TcpSocket, value: int) -> None:
    """Asks for a size."""
    tcp.set_buffer_size(socket.SO_SNDBUF, value)


def _seconds(duration_ns: int) -> int:
    return min(-(-positive(duration_ns) // SECOND_NS), _LONGEST_SECONDS)
