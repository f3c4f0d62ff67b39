"""What sockets of both kinds have: a place in the table, addresses and options."""

import socket
from typing import Final

from fusee.component.values import Err, Variant
from fusee.wasi.abi import FILE_RIGHTS, NO_RIGHTS
from fusee.wasi.descriptors import File
from fusee.wasi.p2.network import to_guest
from fusee.wasi.resources import Resource

_MOST: Final = 0x7FFF_FFFF  # what the host's options hold
SECOND_NS: Final = 1_000_000_000


class SocketFile(File):
    """A socket as a descriptor, which streams share with it."""

    def __init__(self, made: socket.socket) -> None:
        super().__init__(made.fileno(), FILE_RIGHTS, NO_RIGHTS)
        self.socket = made

    def close(self) -> None:
        """Closes the host's socket when its last user does."""
        self._users -= 1
        if not self._users:
            self.socket.close()


class SocketResource(Resource):
    """A socket of a guest, in one of the states of its interface."""

    files = 1

    def __init__(self, made: socket.socket, family: str, state: str) -> None:
        self.file = SocketFile(made)
        self.family, self.state = family, state

    @property
    def socket(self) -> socket.socket:
        """The host's."""
        return self.file.socket

    def close(self) -> None:
        """Ends it; streams of it go on."""
        self.file.close()

    def expect(self, *states: str) -> None:
        """Insists on a state. Raises `Err`."""
        if self.state not in states:
            raise Err("invalid-state")

    def finish(self, state: str, following: str) -> None:
        """Goes on from what was started. Raises `Err` if it was not."""
        if self.state != state:
            raise Err("not-in-progress")
        self.state = following

    def local_address(self) -> Variant:
        """Its own address. Raises `Err` if it has none yet."""
        if self.state in ("unbound", "binding"):
            raise Err("invalid-state")
        return to_guest(self.socket.getsockname())

    def hop_limit(self) -> int:
        """How far what it sends goes."""
        return self.socket.getsockopt(*self._hops())

    def set_hop_limit(self, value: int) -> None:
        """How far what it sends goes. Raises `Err` for 0."""
        self.socket.setsockopt(*self._hops(), positive(value))

    def _hops(self) -> tuple[int, int]:
        if self.family == "ipv4":
            return socket.IPPROTO_IP, socket.IP_TTL
        return socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS

    def buffer_size(self, option: int) -> int:
        """The size of one of the host's buffers, in bytes: Linux gives twice what was asked for (socket(7))."""
        return self.socket.getsockopt(socket.SOL_SOCKET, option) // 2

    def set_buffer_size(self, option: int, value: int) -> None:
        """Asks for a size; the host gives what it allows. Raises `Err` for 0."""
        self.socket.setsockopt(socket.SOL_SOCKET, option, min(positive(value), _MOST // 2))


def positive(value: int) -> int:
    """A value that is not 0. Raises `Err`."""
    if not value:
        raise Err("invalid-argument")
    return value
