"""`wasi:sockets/ip-name-lookup`: the addresses of names."""

import ipaddress
import socket
from typing import Final

from fusee.component.values import Err, Variant
from fusee.wasi.context import WasiContext
from fusee.wasi.p2.background import Background, TooManyThreadsError
from fusee.wasi.p2.interface import Interface
from fusee.wasi.p2.network import NETWORK, Network, code_of, ip_to_guest
from fusee.wasi.p2.pollable import POLL, READY, Event, Pollable
from fusee.wasi.resources import Resource

_MOST_ADDRESSES: Final = 256
_LONGEST_NAME: Final = 253  # RFC 1035, 2.3.4, as text

_FAILURES: Final = {
    socket.EAI_AGAIN: "temporary-resolver-failure",
    socket.EAI_FAIL: "permanent-resolver-failure",
    socket.EAI_MEMORY: "out-of-memory",
}


class ResolveAddressStream(Resource):
    """The addresses of a name, as soon as they are known."""

    def __init__(self, addresses: list[str] | None, search: Background | None = None) -> None:
        self.addresses, self.search = addresses, search
        self.files = 0 if search is None else search.files

    def event(self) -> Event:
        """That they are known."""
        return READY if self.search is None else self.search.event()

    def rest(self) -> list[str]:
        """The addresses that nobody has asked for. Raises `Err`."""
        if self.addresses is None:
            assert self.search is not None
            if not self.search.is_done:
                raise Err("would-block")
            try:
                self.addresses = self.search.result()
            except socket.gaierror as error:
                raise Err(_FAILURES.get(error.errno or 0, "name-unresolvable")) from None
        return self.addresses

    def close(self) -> None:
        """Nobody wants to know any more."""
        if self.search is not None:
            self.search.close()


LOOKUP: Final = Interface("sockets/ip-name-lookup", POLL, NETWORK, error=code_of)
LOOKUP.resource("resolve-address-stream", ResolveAddressStream)


@LOOKUP.function(
    "resolve-addresses(network: borrow<network>, name: string) -> result<resolve-address-stream, error-code>"
)
def resolve_addresses(context: WasiContext, network: Network, name: str) -> ResolveAddressStream:
    """Begins to look a name up; what is an address already, is its own."""
    return search(context, name, "permanent-resolver-failure")


def search(context: WasiContext, name: str, denied: str) -> ResolveAddressStream:
    """The addresses of a name. Raises `Err`, with `denied` if the program may look up none."""
    try:
        return ResolveAddressStream([str(ipaddress.ip_address(name.removeprefix("[").removesuffix("]")))])
    except ValueError:
        pass
    try:
        ascii_name = name.encode("idna").decode()
    except UnicodeError:
        raise Err("invalid-argument") from None
    if not ascii_name or len(ascii_name) > _LONGEST_NAME or set(ascii_name) & set(" \0/:@"):
        raise Err("invalid-argument")
    if not context.network.allows_lookup:
        raise Err(denied)
    try:
        return ResolveAddressStream(None, Background(lambda _: _look_up(ascii_name)))
    except TooManyThreadsError:
        raise Err("temporary-resolver-failure") from None


@LOOKUP.method("resolve-address-stream.resolve-next-address() -> result<option<ip-address>, error-code>")
def resolve_next_address(context: WasiContext, stream: ResolveAddressStream) -> Variant | None:
    """The next address, or none."""
    rest = stream.rest()
    return ip_to_guest(rest.pop(0)) if rest else None


@LOOKUP.method("resolve-address-stream.subscribe() -> pollable")
def subscribe(context: WasiContext, stream: ResolveAddressStream) -> Pollable:
    """Ready when the addresses are known."""
    return Pollable(stream.event)


def _look_up(name: str) -> list[str]:
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))[:_MOST_ADDRESSES]
