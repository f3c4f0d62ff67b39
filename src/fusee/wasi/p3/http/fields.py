"""`wasi:http/types`: fields, and options of requests. They are those of 0.2."""

from collections.abc import Callable
from typing import Any, Final

from fusee.api.errors import LimitError
from fusee.component.values import Err, Variant
from fusee.wasi.context import WasiContext
from fusee.wasi.p2.http import fields as p2
from fusee.wasi.p2.http.requests import RequestOptions as Timeouts
from fusee.wasi.p3.clocks import CLOCK_TYPES
from fusee.wasi.p3.interface import interface

TYPES: Final = interface("http/types", CLOCK_TYPES)
p2.define_types(TYPES)
TYPES.define("header-error", "variant {invalid-syntax, forbidden, immutable, size-exceeded, other(option<string>)}")
TYPES.define("request-options-error", "variant {not-supported, immutable, other(option<string>)}")


class Fields(p2.Fields):
    """Names and values."""


class RequestOptions(Timeouts):
    """How long to wait."""

    def __init__(self, timeouts: dict[str, int | None] | None = None, is_mutable: bool = True) -> None:
        super().__init__()
        self.timeouts |= timeouts or {}
        self.is_mutable = is_mutable


TYPES.resource("fields", Fields)
TYPES.alias("headers", "fields")
TYPES.alias("trailers", "fields")
TYPES.resource("request-options", RequestOptions)


def _limited(change: Callable[[], Any]) -> Any:
    """What a change gives. Raises `Err`, also if that makes too much of them."""
    try:
        return change()
    except LimitError:
        raise Err(Variant("size-exceeded")) from None


@TYPES.constructor("fields()")
def make_fields(context: WasiContext) -> Fields:
    """None yet."""
    return Fields()


@TYPES.static("fields.from-list(entries: list<tuple<field-name, field-value>>) -> result<fields, header-error>")
def from_list(context: WasiContext, entries: p2.Pairs) -> Any:
    """Those of a list."""
    return _limited(lambda: Fields(p2.checked(name, value) for name, value in entries))


TYPES.method("fields.get(name: field-name) -> list<field-value>")(p2.get)
TYPES.method("fields.has(name: field-name) -> bool")(p2.has)
TYPES.method("fields.delete(name: field-name) -> result<_, header-error>")(p2.delete)
TYPES.method("fields.copy-all() -> list<tuple<field-name, field-value>>")(p2.entries)


@TYPES.method("fields.set(name: field-name, value: list<field-value>) -> result<_, header-error>")
def set_values(context: WasiContext, fields: Fields, name: str, values: list[bytes]) -> None:
    """Gives a name other values."""
    _limited(lambda: p2.set_values(context, fields, name, values))


@TYPES.method("fields.append(name: field-name, value: field-value) -> result<_, header-error>")
def append(context: WasiContext, fields: Fields, name: str, value: bytes) -> None:
    """Gives a name a further value. It is written as it was the first time, as in Wasmtime."""
    known = next((one for one, _ in fields.pairs if one.lower() == name.lower()), name)
    _limited(lambda: p2.append(context, fields, known, value))


@TYPES.method("fields.get-and-delete(name: field-name) -> result<list<field-value>, header-error>")
def get_and_delete(context: WasiContext, fields: Fields, name: str) -> list[bytes]:
    """Removes the values of a name, and gives them."""
    found = fields.get(name)
    p2.delete(context, fields, name)
    return found


@TYPES.method("fields.clone() -> fields")
def clone(context: WasiContext, fields: Fields) -> Fields:
    """The same once more, to be changed."""
    return Fields(fields.pairs)


# Options


@TYPES.constructor("request-options()")
def make_options(context: WasiContext) -> RequestOptions:
    """None yet."""
    return RequestOptions()


@TYPES.method("request-options.clone() -> request-options")
def clone_options(context: WasiContext, options: RequestOptions) -> RequestOptions:
    """The same once more, to be changed."""
    return RequestOptions(options.timeouts)


def _register_timeout(name: str) -> None:
    @TYPES.method(f"request-options.get-{name}() -> option<duration>")
    def get(context: WasiContext, options: RequestOptions) -> int | None:
        return options.timeouts.get(name)

    @TYPES.method(f"request-options.set-{name}(duration: option<duration>) -> result<_, request-options-error>")
    def put(context: WasiContext, options: RequestOptions, duration: int | None) -> None:
        if not options.is_mutable:
            raise Err(Variant("immutable"))
        options.timeouts[name] = duration


for _name in ("connect-timeout", "first-byte-timeout", "between-bytes-timeout"):
    _register_timeout(_name)
