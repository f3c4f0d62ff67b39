"""`wasi:sockets/udp`: datagrams."""

import select
import socket
from typing import Final

from fusee.api.errors import Trap
from fusee.component.values import Err, Record, Variant
from fusee.wasi.context import WasiContext
from fusee.wasi.p2.interface import Interface
from fusee.wasi.p2.network import NETWORK, Address, Network, code_of, make_socket, permitted, to_guest
from fusee.wasi.p2.pollable import POLL, READY, Event, Pollable
from fusee.wasi.p2.socketoptions import SocketFile, SocketResource
from fusee.wasi.resources import Resource
from fusee.wasi.waiting import reported

MAX_DATAGRAMS: Final = 16
"""What is received or sent at once."""
_MAX_BYTES: Final = 1 << 16  # of one; none is longer


class UdpSocket(SocketResource):
    """Its states: unbound, binding, bound. `remote` is who it exchanges datagrams with, if that is one alone."""

    def __init__(self, made: socket.socket, family: str) -> None:
        super().__init__(made, family, "unbound")
        self.remote: Address | None = None

    def bind(self, context: WasiContext, address: Variant) -> None:
        """Binds it to an address that the program may use. Raises `Err`, `OSError`."""
        self.expect("unbound")
        self.socket.bind(permitted(context, "udp-bind", self.family, address, False))


class _DatagramStream(Resource):
    """One direction of a socket; it goes on when the socket is dropped."""

    files = 1

    def __init__(self, udp: UdpSocket) -> None:
        self.file: SocketFile = udp.file.share()
        self.family, self.remote = udp.family, udp.remote

    def close(self) -> None:
        """Ends it."""
        self.file.close()


class IncomingDatagramStream(_DatagramStream):
    """Receives."""


class OutgoingDatagramStream(_DatagramStream):
    """Sends. `permit` is how many datagrams may be sent since `check-send` was asked."""

    permit = 0


UDP: Final = Interface("sockets/udp", POLL, NETWORK, error=code_of)
UDP.define("incoming-datagram", "record {data: list<u8>, remote-address: ip-socket-address}")
UDP.define("outgoing-datagram", "record {data: list<u8>, remote-address: option<ip-socket-address>}")
UDP.resource("udp-socket", UdpSocket)
UDP.resource("incoming-datagram-stream", IncomingDatagramStream)
UDP.resource("outgoing-datagram-stream", OutgoingDatagramStream)

UDP_CREATE: Final = Interface("sockets/udp-create-socket", UDP, NETWORK, error=code_of)


@UDP_CREATE.function("create-udp-socket(address-family: ip-address-family) -> result<udp-socket, error-code>")
def create_udp_socket(context: WasiContext, family: str) -> UdpSocket:
    """A socket that is not bound."""
    return UdpSocket(make_socket(context, "udp", family), family)


@UDP.method(
    "udp-socket.start-bind(network: borrow<network>, local-address: ip-socket-address) -> result<_, error-code>"
)
def start_bind(context: WasiContext, udp: UdpSocket, network: Network, address: Variant) -> None:
    """Binds the socket to an address."""
    udp.bind(context, address)
    udp.state = "binding"


@UDP.method("udp-socket.finish-bind() -> result<_, error-code>")
def finish_bind(context: WasiContext, udp: UdpSocket) -> None:
    """Has been bound."""
    udp.finish("binding", "bound")


@UDP.method(
    "udp-socket.stream(remote-address: option<ip-socket-address>) "
    "-> result<tuple<incoming-datagram-stream, outgoing-datagram-stream>, error-code>"
)
def stream(
    context: WasiContext, udp: UdpSocket, remote: Variant | None
) -> tuple[IncomingDatagramStream, OutgoingDatagramStream]:
    """Both directions, with one other alone if that is given."""
    udp.expect("bound")
    udp.remote = None if remote is None else permitted(context, "udp-connect", udp.family, remote, True)
    return IncomingDatagramStream(udp), OutgoingDatagramStream(udp)


@UDP.method("udp-socket.local-address() -> result<ip-socket-address, error-code>")
def local_address(context: WasiContext, udp: UdpSocket) -> Variant:
    """The socket's own address."""
    return udp.local_address()


@UDP.method("udp-socket.remote-address() -> result<ip-socket-address, error-code>")
def remote_address(context: WasiContext, udp: UdpSocket) -> Variant:
    """Who it exchanges datagrams with, if that is one alone."""
    if udp.remote is None:
        raise Err("invalid-state")
    return to_guest(udp.remote)


@UDP.method("udp-socket.address-family() -> ip-address-family")
def address_family(context: WasiContext, udp: UdpSocket) -> str:
    """The family that it was made with."""
    return udp.family


@UDP.method("udp-socket.unicast-hop-limit() -> result<u8, error-code>")
def unicast_hop_limit(context: WasiContext, udp: UdpSocket) -> int:
    """How far what it sends goes."""
    return udp.hop_limit()


@UDP.method("udp-socket.set-unicast-hop-limit(value: u8) -> result<_, error-code>")
def set_unicast_hop_limit(context: WasiContext, udp: UdpSocket, value: int) -> None:
    """How far what it sends goes."""
    udp.set_hop_limit(value)


@UDP.method("udp-socket.receive-buffer-size() -> result<u64, error-code>")
def receive_buffer_size(context: WasiContext, udp: UdpSocket) -> int:
    """The size of the host's buffer."""
    return udp.buffer_size(socket.SO_RCVBUF)


@UDP.method("udp-socket.set-receive-buffer-size(value: u64) -> result<_, error-code>")
def set_receive_buffer_size(context: WasiContext, udp: UdpSocket, value: int) -> None:
    """Asks for a size."""
    udp.set_buffer_size(socket.SO_RCVBUF, value)


@UDP.method("udp-socket.send-buffer-size() -> result<u64, error-code>")
def send_buffer_size(context: WasiContext, udp: UdpSocket) -> int:
    """The size of the host's buffer."""
    return udp.buffer_size(socket.SO_SNDBUF)


@UDP.method("udp-socket.set-send-buffer-size(value: u64) -> result<_, error-code>")
def set_send_buffer_size(context: WasiContext, udp: UdpSocket, value: int) -> None:
    """Asks for a size."""
    udp.set_buffer_size(socket.SO_SNDBUF, value)


@UDP.method("udp-socket.subscribe() -> pollable")
def subscribe(context: WasiContext, udp: UdpSocket) -> Pollable:
    """Always ready: binding does not wait."""
    return Pollable(lambda: READY)


@UDP.method("incoming-datagram-stream.receive(max-results: u64) -> result<list<incoming-datagram>, error-code>")
def receive(context: WasiContext, incoming: IncomingDatagramStream, most: int) -> list[Record]:
    """The datagrams that are there, sixteen at most; with one other alone, only its own."""
    found: list[Record] = []
    while len(found) < min(most, MAX_DATAGRAMS):
        try:
            received = next_datagram(incoming)
        except BlockingIOError:
            break
        if received is not None:
            found.append(Record(data=received[0], remote_address=received[1]))
    return found


def next_datagram(incoming: "IncomingDatagramStream | UdpSocket") -> tuple[bytes, Variant] | None:
    """What has come, and from whom; None if it is to be ignored. Raises `BlockingIOError` if there is nothing yet."""
    data, sender = incoming.file.socket.recvfrom(_MAX_BYTES)
    is_wanted = incoming.remote is None or sender[:2] == incoming.remote[:2]
    return (data, to_guest(sender)) if is_wanted else None


@UDP.method("incoming-datagram-stream.subscribe() -> pollable")
def subscribe_incoming(context: WasiContext, incoming: IncomingDatagramStream) -> Pollable:
    """Ready when there is a datagram."""
    return Pollable(lambda: Event(incoming.file.fd, select.POLLIN))


@UDP.method("outgoing-datagram-stream.check-send() -> result<u64, error-code>")
def check_send(context: WasiContext, outgoing: OutgoingDatagramStream) -> int:
    """How many datagrams the next `send` may have."""
    outgoing.permit = MAX_DATAGRAMS if reported(outgoing.file.fd, select.POLLOUT) else 0
    return outgoing.permit


@UDP.method("outgoing-datagram-stream.send(datagrams: list<outgoing-datagram>) -> result<u64, error-code>")
def send(context: WasiContext, outgoing: OutgoingDatagramStream, datagrams: list[Record]) -> int:
    """Sends as many as go: how many; fails if the first one does. Traps if there are more than permitted."""
    if len(datagrams) > outgoing.permit:
        raise Trap(f"send: {len(datagrams)} datagrams, and check-send has permitted {outgoing.permit}")
    outgoing.permit -= len(datagrams)
    for sent, datagram in enumerate(datagrams):
        try:
            outgoing.file.socket.sendto(datagram.data, receiver(context, outgoing, datagram.remote_address))
        except (Err, OSError) as error:
            if sent or isinstance(error, BlockingIOError):
                return sent
            raise
    return len(datagrams)


@UDP.method("outgoing-datagram-stream.subscribe() -> pollable")
def subscribe_outgoing(context: WasiContext, outgoing: OutgoingDatagramStream) -> Pollable:
    """Ready when a datagram can be sent."""
    return Pollable(lambda: Event(outgoing.file.fd, select.POLLOUT))


def receiver(context: WasiContext, outgoing: "OutgoingDatagramStream | UdpSocket", wanted: Variant | None) -> Address:
    """Where a datagram goes. Raises `Err`."""
    if wanted is None:
        if outgoing.remote is None:
            raise Err("invalid-argument")
        return outgoing.remote
    address = permitted(context, "udp-connect", outgoing.family, wanted, True)
    if outgoing.remote is not None and address[:2] != outgoing.remote[:2]:
        raise Err("invalid-argument")
    return address
