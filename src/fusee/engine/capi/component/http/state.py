"""The objects of HTTP: what the app sees of them (`fusee_http.h`), and what resources have."""

from typing import Final

from fusee.engine.capi.component.state import Value
from fusee.engine.capi.component.wasi.resources import Hooks, Resource, ResourceTable
from fusee.kernel.lang import Fn, Inline, Ptr, struct, u8, u32, u64, usize
from fusee.spec.http import ERROR_CODES

MOST_EXCHANGES: Final = 64  # at once, in a component
MOST_BYTES: Final = 1 << 24  # of fields, texts and bodies that are kept for a component's guests
MOST_PENDING: Final = u64(1 << 16)  # bytes of a body before its message is sent
HTTP_ERROR: Final = u32(0x100)  # no errno: with the number of an `error-code`
ERRORS: Final = u32(len(ERROR_CODES))
NONE: Final = ~u64(0)  # no length, no timeout, no number
FOR_RESPONSE: Final = u32(0)  # what `ready` is asked about
FOR_READING: Final = u32(1)
FOR_WRITING: Final = u32(2)


@struct
class Field:
    """`fusee_http_field_t`."""

    name: Ptr[u8]
    name_size: usize
    value: Ptr[u8]
    value_size: usize


@struct
class Head:
    """`fusee_http_request_t`."""

    method: Ptr[u8]
    method_size: usize
    url: Ptr[u8]
    url_size: usize
    fields: Ptr[Field]
    field_count: usize
    length: u64
    connect_timeout: u64
    first_byte_timeout: u64
    between_bytes_timeout: u64


@struct
class Told:
    """`fusee_http_response_t`."""

    fields: Ptr[Field]
    field_count: usize
    length: u64
    status: u32


@struct
class Received:
    """`fusee_http_fields_t`: what the app gives one by one."""

    http: usize
    list: usize  # `List`, or 0


@struct
class App:
    """`fusee_http_t`: all but `environment` may be null; they give 0, or the number of an `error-code` and 1."""

    environment: usize
    send: Fn[[usize, Head, Ptr[u32]], u32]
    write: Fn[[usize, u32, Ptr[u8], usize], u32]
    finish: Fn[[usize, u32, Ptr[Field], usize], u32]
    response: Fn[[usize, u32, Ptr[u32], Received], u32]
    read: Fn[[usize, u32, Ptr[u8], usize, Ptr[usize]], u32]
    trailers: Fn[[usize, u32, Received], u32]
    ready: Fn[[usize, u32, u32], u32]
    close: Fn[[usize, u32], None]
    answer: Fn[[usize, u32, u32, Told], u32]


@struct
class Http:
    """What a table of resources has for HTTP."""

    hooks: Inline[Hooks]
    app: Inline[App]
    exchanges: u32
    used: usize  # of `MOST_BYTES`


@struct
class List:
    """Fields, which several resources may have: behind this each with two sizes, its name and its value."""

    holders: u32
    count: u32
    size: u32  # of what is behind this
    capacity: u32


@struct
class Text:
    """A text of a message, which may have been left out."""

    data: Ptr[u8]
    size: u32
    which: u32  # 0: left out; the case of a variant, and 1


@struct
class Part:
    """What a resource of HTTP's has in its buffer; each uses some of it."""

    fields: usize  # `List`, or 0: of fields, a message, a body's trailers
    method: Inline[Text]
    path: Inline[Text]
    scheme: Inline[Text]
    authority: Inline[Text]
    pending: Inline[Text]  # of a body that is not sent yet
    status: u32
    body: usize  # of a message that the guest makes: the `Resource`
    exchange: usize  # the `Resource`
    length: u64  # of a body, as its message announces
    written: u64
    connect_timeout: u64
    first_byte_timeout: u64
    between_bytes_timeout: u64
    streams: u32  # of a body that is written, which there are now
    is_taken: u8  # what can be had once has been
    is_finished: u8  # a body has been written, or read to its end
    is_broken: u8  # a body takes no more
    error: u32  # of an exchange, as the app gives errors
    is_closed: u8  # to the app, of an exchange


@struct
class Ask:
    """One call of a function."""

    resources: ResourceTable
    http: Http
    resource: Resource  # that the first argument is a handle to, or null
    part: Part
    arguments: Ptr[Value]
    result: Value


Body = Fn[[Ask], u32]
DONE: Final = u32(0)  # what bodies give; anything else is a trap
FULL: Final = u32(1)  # no memory, or no room for a resource
MISUSED: Final = u32(2)
