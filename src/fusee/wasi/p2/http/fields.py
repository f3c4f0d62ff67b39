"""`wasi:http/types`: its plain types, its errors, and the fields of headers and trailers."""

import re
import socket
import ssl
from collections.abc import Iterable
from http.client import HTTPException, RemoteDisconnected
from typing import Any, Final, Self

from fusee.api.errors import LimitError
from fusee.component.values import Err, Record, Variant
from fusee.spec import http
from fusee.wasi.context import WasiContext
from fusee.wasi.errno import Errno
from fusee.wasi.p2.clocks import MONOTONIC_CLOCK
from fusee.wasi.p2.interface import Interface
from fusee.wasi.p2.io import ERROR, STREAMS
from fusee.wasi.p2.pollable import POLL
from fusee.wasi.p2.streams import IoError
from fusee.wasi.resources import Resource

TOKEN: Final = re.compile(f"[{http.TOKEN}]+")
_VALUE: Final = re.compile(f"[{http.VALUE}]*".encode())

Pairs = list[tuple[str, bytes]]

TYPES: Final = Interface("http/types", MONOTONIC_CLOCK, STREAMS, ERROR, POLL)
TYPES.alias("io-error", "error")


def define_types(interface: Interface) -> None:
    """The types that 0.2 and 0.3 have."""
    interface.define("method", f"variant {{{', '.join(http.METHODS)}, other(string)}}")
    interface.define("scheme", f"variant {{{', '.join(http.SCHEMES)}, other(string)}}")
    interface.define("DNS-error-payload", "record {rcode: option<string>, info-code: option<u16>}")
    interface.define("TLS-alert-received-payload", "record {alert-id: option<u8>, alert-message: option<string>}")
    interface.define("field-size-payload", "record {field-name: option<string>, field-size: option<u32>}")
    codes = [f"{name}({payload})" if payload else name for name, payload in http.ERROR_CODES.items()]
    interface.define("error-code", f"variant {{{', '.join(codes)}}}")
    interface.define("field-name", "string")
    interface.define("field-value", "list<u8>")
    interface.define("status-code", "u16")


define_types(TYPES)
TYPES.define("header-error", f"variant {{{', '.join(http.HEADER_ERRORS)}}}")
TYPES.define("field-key", "string")


class HttpError(IoError):
    """Why a body broke off: its `error-code`, for `http-error-code`."""

    def __init__(self, code: Variant) -> None:
        super().__init__(Errno.IO, code.tag)
        self.code = code


@TYPES.function("http-error-code(err: borrow<io-error>) -> option<error-code>")
def http_error_code(context: WasiContext, error: IoError) -> Variant | None:
    """What a stream of a body failed with."""
    return error.code if isinstance(error, HttpError) else None


def code_of(error: BaseException, timeout: str = "connection-timeout") -> Variant:
    """The `error-code` of what the host's client failed with; `timeout` is the case for waiting too long."""
    cases: tuple[tuple[type[BaseException], str], ...] = (
        (TimeoutError, timeout),
        (ConnectionRefusedError, "connection-refused"),
        (RemoteDisconnected, "connection-terminated"),
        (ConnectionError, "connection-terminated"),
        (ssl.SSLCertVerificationError, "TLS-certificate-error"),
        (ssl.SSLError, "TLS-protocol-error"),
        (HTTPException, "HTTP-protocol-error"),
    )
    if isinstance(error, HttpError):
        return error.code
    if isinstance(error, socket.gaierror):
        return Variant("DNS-error", Record(rcode=error.strerror, info_code=0))
    for kind, tag in cases:
        if isinstance(error, kind):
            return Variant(tag)
    if isinstance(error, OSError):
        return Variant("destination-unavailable")
    return Variant("internal-error", type(error).__name__)


class Fields(Resource):
    """Names, which are equal in any case, and values, in their order."""

    def __init__(self, pairs: Iterable[tuple[str, bytes]] = (), is_mutable: bool = True) -> None:
        self.pairs: Pairs = list(pairs)
        self.is_mutable = is_mutable
        if sum(len(name) + len(value) for name, value in self.pairs) > http.MAX_FIELDS_BYTES:
            raise LimitError(f"the fields of a message are more than {http.MAX_FIELDS_BYTES} bytes")

    def get(self, name: str) -> list[bytes]:
        """The values of a name."""
        if not name.isascii():  # some signs have small letters that are ASCII
            return []
        lower = name.lower()
        return [value for other, value in self.pairs if other.lower() == lower]

    def replace(self, pairs: Pairs) -> None:
        """Changes all of them. Raises `Err` if they are not to be changed."""
        if not self.is_mutable:
            raise Err(Variant("immutable"))
        self.pairs = Fields(pairs).pairs

    def without(self, name: str) -> Pairs:
        """All but those of a name."""
        return [pair for pair in self.pairs if pair[0].lower() != name.lower()]

    def frozen(self) -> Self:
        """The same, not to be changed."""
        return type(self)(self.pairs, False)


TYPES.resource("fields", Fields)
TYPES.alias("headers", "fields")
TYPES.alias("trailers", "fields")


@TYPES.constructor("fields()")
def make_fields(context: WasiContext) -> Fields:
    """None yet."""
    return Fields()


@TYPES.static("fields.from-list(entries: list<tuple<field-name, field-value>>) -> result<fields, header-error>")
def from_list(context: WasiContext, entries: Pairs) -> Fields:
    """Those of a list."""
    return Fields(checked(name, value) for name, value in entries)


@TYPES.method("fields.get(name: field-name) -> list<field-value>")
def get(context: WasiContext, fields: Fields, name: str) -> list[bytes]:
    """The values of a name."""
    return fields.get(name)


@TYPES.method("fields.has(name: field-name) -> bool")
def has(context: WasiContext, fields: Fields, name: str) -> bool:
    """Whether there is a value of a name."""
    return bool(fields.get(name))


@TYPES.method("fields.set(name: field-name, value: list<field-value>) -> result<_, header-error>")
def set_values(context: WasiContext, fields: Fields, name: str, values: list[bytes]) -> None:
    """Gives a name other values."""
    checked(name, b"")
    fields.replace(fields.without(name) + [checked(name, value) for value in values])


@TYPES.method("fields.delete(name: field-name) -> result<_, header-error>")
def delete(context: WasiContext, fields: Fields, name: str) -> None:
    """Removes the values of a name."""
    checked(name, b"")
    fields.replace(fields.without(name))


@TYPES.method("fields.append(name: field-name, value: field-value) -> result<_, header-error>")
def append(context: WasiContext, fields: Fields, name: str, value: bytes) -> None:
    """Gives a name a further value."""
    fields.replace([*fields.pairs, checked(name, value)])


@TYPES.method("fields.entries() -> list<tuple<field-name, field-value>>")
def entries(context: WasiContext, fields: Fields) -> Pairs:
    """All of them."""
    return fields.pairs


@TYPES.method("fields.clone() -> fields")
def clone(context: WasiContext, fields: Fields) -> Fields:
    """The same once more, to be changed."""
    return Fields(fields.pairs)


def received_pairs(pairs: Iterable[tuple[str, str]]) -> Pairs:
    """What came from outside, without what belongs to the connection."""
    lower = ((name.lower(), value) for name, value in pairs)
    return [(name, value.encode("latin-1", "replace")) for name, value in lower if name not in http.FORBIDDEN]


def received(pairs: Iterable[tuple[str, str]]) -> Fields:
    """The fields of a message that came from outside."""
    return Fields(received_pairs(pairs), False)


def checked(name: str, value: bytes) -> tuple[str, bytes]:
    """A field that a guest may send. Raises `Err`."""
    if not TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
        raise Err(Variant("invalid-syntax"))
    if name.lower() in http.FORBIDDEN:
        raise Err(Variant("forbidden"))
    return name, bytes(value)


def content_length(fields: Fields) -> int | None:
    """What `content-length` says; None if it is missing or no number."""
    values: list[Any] = fields.get("content-length")
    return int(values[0]) if len(values) == 1 and re.fullmatch(rb"[0-9]{1,18}", values[0]) else None
