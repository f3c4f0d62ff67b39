"""Which resources the library's functions give handles to: a component that types them otherwise is not given them.

It might say that what a function gives is a resource of the app's, which would then see a number that it never chose.
"""

from typing import Any, Final

from fusee.engine.capi.component.access import part_row, resource_row, type_row
from fusee.engine.capi.component.components import is_named
from fusee.engine.capi.component.format import NONE, Kind, Owner
from fusee.engine.capi.component.state import Component
from fusee.engine.capi.component.wasi import methods
from fusee.engine.capi.component.wasi.resources import What
from fusee.kernel.lang import Ptr, kernel, span, stack_array, struct, table, u8, u32

ANY: Final = 0xFF  # in the place of the number of arguments: they are not looked at
MOST_TYPES: Final = u32(1000)  # that are looked at of one result: some types are in others more than once, and so on

STREAMS: Final = {
    "io/poll": ("pollable",), "io/streams": ("input-stream", "output-stream"), "io/error": ("error",),
}  # fmt: skip
RESOURCES: Final[dict[str, tuple[str, ...]]] = {
    "filesystem/types": ("descriptor", "directory-entry-stream"), **STREAMS, "sockets/network": ("network",),
}  # fmt: skip
"""By interface of the package `wasi`: what has to be dropped."""

GIVEN: Final[dict[str, tuple[str, ...]]] = {
    "descriptor": ("get-directories", "[method]descriptor.open-at"),
    "directory-entry-stream": ("[method]descriptor.read-directory",),
    "pollable": (
        "subscribe-instant", "subscribe-duration", "[method]input-stream.subscribe", "[method]output-stream.subscribe",
    ),
    "input-stream": ("get-stdin", "[method]descriptor.read-via-stream"),
    "output-stream": (
        "get-stdout", "get-stderr", "[method]descriptor.write-via-stream", "[method]descriptor.append-via-stream",
    ),
    "error": tuple(f"[method]{row.name}" for row in methods.METHODS if row.what in (What.INPUT, What.OUTPUT)),
    "network": ("instance-network",),
}  # fmt: skip
"""By resource: the functions that give handles to it, wherever in their results, and to no other."""


# Texts in which names are packed.


def _text(name: str) -> bytes:
    """How long it is, and it with a zero byte, as the app writes names."""
    return bytes([len(name)]) + name.encode() + b"\0"


def _types(params: tuple[int, ...] | None) -> bytes:
    return bytes([ANY]) if params is None else bytes([len(params), *params])


def packed(
    interfaces: dict[str, Any],
    resources: dict[str, tuple[str, ...]] | None = None,
    given: dict[str, tuple[str, ...]] | None = None,
) -> bytes:
    """An interface, and the names in it, of functions or of resources; a zero byte ends it, and another one everything.

    Behind each name are the types of parameters, and which of the resources a function gives, from 1 on, or 0.
    """
    order = [name for names in (resources or {}).values() for name in names]
    numbers = {name: order.index(resource) + 1 for resource, names in (given or {}).items() for name in names}
    packed = b""
    for interface, found in interfaces.items():
        packed += _text(f"wasi:{interface}@0.2")
        for name in found:
            types = _types(found[name][1] if isinstance(found, dict) else None)
            packed += _text(name) + types + bytes([numbers.get(name, 0)])
        packed += b"\0"
    return packed + b"\0"


RESOURCE_NAMES = table(u8, packed(RESOURCES))


@kernel
def behind(text: Ptr[u8]) -> Ptr[u8]:
    """The types behind a name, or what is behind an interface's."""
    return text + (u32(text[0]) + 2)


@kernel
def behind_types(types: Ptr[u8]) -> Ptr[u8]:
    """The number of the resource that is given."""
    return types + 1 if types[0] == ANY else types + (u32(types[0]) + 1)


# Results.


@struct
class Given:
    """The resource that a function gives."""

    interface: Ptr[u8]
    name: Ptr[u8]
    left: u32  # so many types may be looked at


@kernel
def gives_only(c: Component, result: u32, names: Ptr[u8], number: u32) -> bool:
    """Whether all handles in a result are to the resource that has this number among packed names."""
    if number == 0 or result == NONE:
        return True
    given = stack_array(Given, 1)[0]
    given.left = MOST_TYPES
    find_name(given, names, number)
    return has_only(c, result, given)


@kernel
def find_name(given: Given, names: Ptr[u8], number: u32) -> None:
    text = names
    left = number
    while left != 0:
        given.interface = text + 1
        text = behind(text)
        while text[0] != 0 and left != 0:
            given.name = text + 1
            text = behind_types(behind(text)) + 1
            left -= 1
        text = text + 1


@kernel
def has_only(c: Component, number: u32, given: Given) -> bool:
    """The same of a type in it, and the types in that."""
    if given.left == 0:
        return False
    given.left -= 1
    row = type_row(c, number)
    if row.kind == Kind.OWN or row.kind == Kind.BORROW:
        resource = resource_row(c, row.extra)
        return resource.owner == Owner.APP and is_named(c, resource.name, given.interface, given.name)
    for i in span(row.count):
        part = part_row(c, row.first + i).type
        if part != NONE and not has_only(c, part, given):
            return False
    return True
