"""`udp-socket` of `wasi:sockets/types`: the datagrams of 0.2, one by one."""

import select
import socket
from typing import Final

from fusee.component.values import Err, Variant
from fusee.wasi.context import WasiContext
from fusee.wasi.p2 import udp as p2
from fusee.wasi.p2.network import Address, host_socket, permitted
from fusee.wasi.p2.pollable import Event
from fusee.wasi.p3.interface import as_before
from fusee.wasi.p3.network import TYPES, UNSPECIFIED
from fusee.wasi.p3.ready import until

_ANY_PORT: Final = 0


class UdpSocket(p2.UdpSocket):
    """Its states: unbound, bound. `remote` is who it exchanges datagrams with, if that is one alone.

    A socket that the host has bound because it sends something may receive from all others (`is_open`) only if the
    program may bind one.
    """

    def __init__(self, made: socket.socket, family: str) -> None:
        super().__init__(made, family)
        self.is_open = False


TYPES.resource("udp-socket", UdpSocket)


@TYPES.static("udp-socket.create(address-family: ip-address-family) -> result<udp-socket, error-code>")
def create(context: WasiContext, family: str) -> UdpSocket:
    """A socket that is not bound. Whoever may not use the network can do nothing with it."""
    return UdpSocket(host_socket("udp", family), family)


@TYPES.method("udp-socket.bind(local-address: ip-socket-address) -> result<_, error-code>")
def bind(context: WasiContext, udp: UdpSocket, address: Variant) -> None:
    """Binds the socket to an address."""
    udp.bind(context, address)
    udp.state, udp.is_open = "bound", True


@TYPES.method("udp-socket.connect(remote-address: ip-socket-address) -> result<_, error-code>")
def connect(context: WasiContext, udp: UdpSocket, address: Variant) -> None:
    """From now on it exchanges datagrams with one other alone; another time with another."""
    remote = permitted(context, "udp-connect", udp.family, address, True)
    if udp.state == "unbound":
        udp.socket.bind(_own_address(udp, remote))
        udp.state = "bound"
    udp.remote = remote


def _own_address(udp: UdpSocket, remote: Address) -> Address:
    """That which the host would send from, with any port. Nothing is sent."""
    with socket.socket(udp.socket.family, socket.SOCK_DGRAM) as probe:
        probe.connect(remote)
        host, _, *rest = probe.getsockname()
        return host, _ANY_PORT, *rest


@TYPES.method("udp-socket.disconnect() -> result<_, error-code>")
def disconnect(context: WasiContext, udp: UdpSocket) -> None:
    """From now on it exchanges datagrams with all others."""
    if udp.remote is None:
        raise Err("invalid-state")
    udp.remote = None


@TYPES.method(
    "async udp-socket.send(data: list<u8>, remote-address: option<ip-socket-address>) -> result<_, error-code>"
)
async def send(context: WasiContext, udp: UdpSocket, data: bytes, remote: Variant | None) -> None:
    """Sends a datagram."""
    receiver = p2.receiver(context, udp, remote)
    while True:
        try:
            udp.socket.sendto(data, receiver)
            udp.state = "bound"
            return
        except BlockingIOError:
            await until(Event(udp.file.fd, select.POLLOUT))


@TYPES.method("async udp-socket.receive() -> result<tuple<list<u8>, ip-socket-address>, error-code>")
async def receive(context: WasiContext, udp: UdpSocket) -> tuple[bytes, Variant]:
    """The next datagram, and who has sent it."""
    udp.expect("bound")
    while True:
        if udp.remote is None and not udp.is_open:
            permitted(context, "udp-bind", udp.family, UNSPECIFIED[udp.family], False)
            udp.is_open = True
        try:
            found = p2.next_datagram(udp)
            if found is not None:
                return found
        except BlockingIOError:
            await until(Event(udp.file.fd, select.POLLIN))


_as_before: Final = as_before(TYPES, "udp-socket.")
_as_before("get-local-address() -> result<ip-socket-address, error-code>", p2.local_address)
_as_before("get-remote-address() -> result<ip-socket-address, error-code>", p2.remote_address)
_as_before("get-address-family() -> ip-address-family", p2.address_family)
_as_before("get-unicast-hop-limit() -> result<u8, error-code>", p2.unicast_hop_limit)
_as_before("set-unicast-hop-limit(value: u8) -> result<_, error-code>", p2.set_unicast_hop_limit)
_as_before("get-receive-buffer-size() -> result<u64, error-code>", p2.receive_buffer_size)
_as_before("set-receive-buffer-size(value: u64) -> result<_, error-code>", p2.set_receive_buffer_size)
_as_before("get-send-buffer-size() -> result<u64, error-code>", p2.send_buffer_size)
_as_before("set-send-buffer-size(value: u64) -> result<_, error-code>", p2.set_send_buffer_size)
