"""`wasi:sockets/network`: addresses, errors, and what a program may reach."""

import ipaddress
import socket
from typing import Any, Final

from fusee.component.values import Err, Record, Variant
from fusee.wasi.config import NetworkUse
from fusee.wasi.context import WasiContext
from fusee.wasi.errno import Errno, WasiError, errno_of
from fusee.wasi.p2.interface import Interface
from fusee.wasi.p2.io import ERROR
from fusee.wasi.p2.streams import IoError
from fusee.wasi.resources import Resource

Address = tuple[Any, ...]
"""An address as the host's sockets have it: host and port, for IPv6 also flow and scope."""

FAMILIES: Final = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}

_CODES: Final = {
    Errno.ACCES: "access-denied", Errno.PERM: "access-denied", Errno.NOTSUP: "not-supported",
    Errno.AFNOSUPPORT: "not-supported", Errno.PROTONOSUPPORT: "not-supported", Errno.NOPROTOOPT: "not-supported",
    Errno.INVAL: "invalid-argument", Errno.NOMEM: "out-of-memory", Errno.NOBUFS: "out-of-memory",
    Errno.TIMEDOUT: "timeout", Errno.ALREADY: "concurrency-conflict", Errno.AGAIN: "would-block",
    Errno.ISCONN: "invalid-state", Errno.NOTCONN: "invalid-state", Errno.MFILE: "new-socket-limit",
    Errno.NFILE: "new-socket-limit", Errno.ADDRNOTAVAIL: "address-not-bindable", Errno.ADDRINUSE: "address-in-use",
    Errno.HOSTUNREACH: "remote-unreachable", Errno.NETUNREACH: "remote-unreachable",
    Errno.NETDOWN: "remote-unreachable", Errno.CONNREFUSED: "connection-refused", Errno.CONNRESET: "connection-reset",
    Errno.PIPE: "connection-reset", Errno.CONNABORTED: "connection-aborted", Errno.MSGSIZE: "datagram-too-large",
}  # fmt: skip


class Network(Resource):
    """The network, as far as the program may use it."""


def code_of(error: "WasiError | OSError") -> str:
    """The `error-code` of what a socket failed with."""
    return _CODES.get(error.errno if isinstance(error, WasiError) else errno_of(error), "unknown")


NETWORK: Final = Interface("sockets/network", ERROR)
NETWORK.resource("network", Network)
NETWORK.define(
    "error-code",
    "enum {unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout, concurrency-conflict, "
    "not-in-progress, would-block, invalid-state, new-socket-limit, address-not-bindable, address-in-use, "
    "remote-unreachable, connection-refused, connection-reset, connection-aborted, datagram-too-large, "
    "name-unresolvable, temporary-resolver-failure, permanent-resolver-failure}",
)


def define_addresses(interface: Interface) -> None:
    """The types of addresses, which later versions have elsewhere."""
    interface.define("ip-address-family", "enum {ipv4, ipv6}")
    interface.define("ipv4-address", "tuple<u8, u8, u8, u8>")
    interface.define("ipv6-address", "tuple<u16, u16, u16, u16, u16, u16, u16, u16>")
    interface.define("ip-address", "variant {ipv4(ipv4-address), ipv6(ipv6-address)}")
    interface.define("ipv4-socket-address", "record {port: u16, address: ipv4-address}")
    interface.define(
        "ipv6-socket-address", "record {port: u16, flow-info: u32, address: ipv6-address, scope-id: u32}"
    )  # fmt: skip
    interface.define("ip-socket-address", "variant {ipv4(ipv4-socket-address), ipv6(ipv6-socket-address)}")


define_addresses(NETWORK)

INSTANCE_NETWORK: Final = Interface("sockets/instance-network", NETWORK)


@INSTANCE_NETWORK.function("instance-network() -> network")
def instance_network(context: WasiContext) -> Network:
    """The network that the program was given; it may be none."""
    return Network()


@NETWORK.function("network-error-code(err: borrow<error>) -> option<error-code>")
def network_error_code(context: WasiContext, error: IoError) -> str | None:
    """What a stream of a socket failed with."""
    return _CODES.get(error.errno)


def make_socket(context: WasiContext, use: str, family: str) -> socket.socket:
    """A socket that does not wait; `use` is "tcp" or "udp". Raises `Err` if the program may use none."""
    if use not in context.network.protocols:
        raise Err("access-denied")
    return host_socket(use, family)


def host_socket(use: str, family: str) -> socket.socket:
    """A socket that does not wait, of IPv6 alone if it is of that. Raises `OSError`."""
    made = socket.socket(FAMILIES[family], socket.SOCK_STREAM if use == "tcp" else socket.SOCK_DGRAM)
    made.setblocking(False)
    if family == "ipv6":
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return made


def permitted(context: WasiContext, use: NetworkUse, family: str, wanted: Variant, is_remote: bool) -> Address:
    """An address that the program may use, as the host has it. Raises `Err`.

    A remote one is that of one other: not the unspecified one, and with a port.
    """
    if wanted.tag != family:
        raise Err("invalid-argument")
    address = from_guest(wanted)
    ip = ipaddress.ip_address(address[0])
    if ip.is_multicast or (isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None):
        raise Err("invalid-argument")
    if is_remote and (ip.is_unspecified or not address[1]):
        raise Err("invalid-argument")
    if str(ip) == "255.255.255.255":
        raise Err("invalid-argument")
    if not context.network.allows(use, str(ip), address[1]):
        raise Err("access-denied")
    return address


def from_guest(address: Variant) -> Address:
    """An `ip-socket-address` as the host's sockets have it."""
    value = address.payload
    if address.tag == "ipv4":
        return ".".join(map(str, value.address)), value.port
    raw = b"".join(part.to_bytes(2, "big") for part in value.address)
    return socket.inet_ntop(socket.AF_INET6, raw), value.port, value.flow_info & 0xF_FFFF, value.scope_id


def to_guest(address: Address) -> Variant:
    """An address of the host's sockets as an `ip-socket-address`."""
    ip = ip_to_guest(address[0])
    if ip.tag == "ipv4":
        return Variant("ipv4", Record(port=address[1], address=ip.payload))
    return Variant("ipv6", Record(port=address[1], flow_info=address[2], address=ip.payload, scope_id=address[3]))


def ip_to_guest(text: str) -> Variant:
    """An `ip-address`."""
    ip = ipaddress.ip_address(text.partition("%")[0])
    if ip.version == 4:
        return Variant("ipv4", tuple(ip.packed))
    raw = ip.packed
    return Variant("ipv6", tuple(int.from_bytes(raw[at : at + 2], "big") for at in range(0, 16, 2)))
