"""The head of a request, as the app sees it: method, URL, fields, time-outs."""

from typing import Final

from fusee.engine.capi.component.blocks import try_block
from fusee.engine.capi.component.http.lists import array_of
from fusee.engine.capi.component.http.state import (
    NONE,
    Field,
    Head,
    List,
    Part,
    Text,
)
from fusee.kernel.lang import (
    Ptr,
    cast,
    copy_bytes,
    is_null,
    kernel,
    size_of,
    span,
    table,
    u8,
    u32,
    usize,
)  # fmt: skip
from fusee.spec.http import METHODS, SCHEMES

_METHODS: Final = "".join(f"{chr(len(name))}{name.upper()}" for name in METHODS).encode()
METHOD_NAMES = table(u8, _METHODS)
METHOD_COUNT: Final = u32(len(METHODS))
HTTPS: Final = u32(SCHEMES.index("HTTPS"))
PREFIX = table(u8, b"https://")
PREFIX_SIZE: Final = usize(7)  # without the `s`
NAME_SIZE: Final = 4


@kernel
def count_all(fields: usize) -> usize:
    return usize(0) if fields == 0 else usize(cast(List, fields).count)


@kernel
def new_array(fields: usize) -> Ptr[Field]:
    """Fields as the app sees them, until `delete_block`; null if there are none, or no memory."""
    made = cast(Ptr[Field], try_block(count_all(fields) * usize(size_of(Field))))
    if not is_null(made):
        array_of(fields, made)
    return made


@kernel
def put_timeouts(head: Head, options: Part) -> None:
    head.connect_timeout = NONE
    head.first_byte_timeout = NONE
    head.between_bytes_timeout = NONE
    if not is_null(options):
        head.connect_timeout = options.connect_timeout
        head.first_byte_timeout = options.first_byte_timeout
        head.between_bytes_timeout = options.between_bytes_timeout


@kernel
def put_method(head: Head, method: Text) -> None:
    """Its name."""
    if method.which > METHOD_COUNT:
        head.method = method.data
        head.method_size = usize(method.size)
        return
    at = u32(0)
    for _ in span(method.which - 1):
        at += u32(METHOD_NAMES[at]) + 1
    head.method = cast(Ptr[u8], METHOD_NAMES) + (at + 1)
    head.method_size = usize(u32(METHOD_NAMES[at]))


@kernel
def is_secure(request: Part) -> bool:
    """HTTPS is what is meant where nothing is said."""
    return request.scheme.which == 0 or request.scheme.which == HTTPS + 1


@kernel
def needs_slash(request: Part) -> bool:
    """Where a path does not begin with one, as a URL's does."""
    path = request.path
    return path.size == 0 or (path.data[0] != ord("/") and path.data[0] != ord("*"))


@kernel
def url_size(request: Part) -> usize:
    more = usize(is_secure(request)) + usize(needs_slash(request))
    return PREFIX_SIZE + more + request.authority.size + request.path.size


@kernel
def put_url(request: Part, out: Ptr[u8]) -> None:
    prefix = cast(Ptr[u8], PREFIX)
    at = out + (NAME_SIZE + u32(is_secure(request)))
    copy_bytes(out, prefix, usize(NAME_SIZE + 1))
    copy_bytes(at, prefix + (NAME_SIZE + 1), usize(3))
    at = at + 3
    copy_bytes(at, request.authority.data, usize(request.authority.size))
    at = at + request.authority.size
    if needs_slash(request):
        at[0] = u8(ord("/"))
        at = at + 1
    if request.path.size != 0:
        copy_bytes(at, request.path.data, usize(request.path.size))
