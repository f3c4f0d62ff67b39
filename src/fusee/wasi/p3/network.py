"""`wasi:sockets/types`: addresses and errors. What a program may reach is as in 0.2, which its sockets are, too."""

from typing import Final

from fusee.component.values import Variant
from fusee.wasi.errno import Errno, WasiError, errno_of
from fusee.wasi.p2 import network as p2
from fusee.wasi.p2.streams import IoError
from fusee.wasi.p3.clocks import CLOCK_TYPES
from fusee.wasi.p3.interface import interface

_CODES: Final = (
    "access-denied", "not-supported", "invalid-argument", "out-of-memory", "timeout", "invalid-state",
    "address-not-bindable", "address-in-use", "remote-unreachable", "connection-refused", "connection-broken",
    "connection-reset", "connection-aborted", "datagram-too-large",
)  # fmt: skip
_OTHERWISE: Final = {
    Errno.PIPE: "connection-broken", Errno.AFNOSUPPORT: "invalid-argument", Errno.DESTADDRREQ: "invalid-argument",
}  # fmt: skip


def code_named(name: str) -> Variant:
    """The `error-code` for what 0.2 calls so."""
    return Variant(name) if name in _CODES else Variant("other", name)


def code_of(error: "WasiError | OSError | IoError") -> Variant:
    """The `error-code` of what a socket failed with."""
    errno = errno_of(error) if isinstance(error, OSError) else error.errno
    return code_named(_OTHERWISE.get(errno) or p2.code_of(WasiError(errno)))


TYPES: Final = interface("sockets/types", CLOCK_TYPES, error=code_of, named=code_named)
TYPES.define("error-code", f"variant {{{', '.join(_CODES)}, other(option<string>)}}")
p2.define_addresses(TYPES)

UNSPECIFIED: Final[dict[str, Variant]] = {
    "ipv4": p2.to_guest(("0.0.0.0", 0)), "ipv6": p2.to_guest(("::", 0, 0, 0)),
}  # fmt: skip
"""What a socket is bound to that nobody has bound."""
