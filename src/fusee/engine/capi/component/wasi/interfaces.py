"""All of WASI 0.2 that the library gives, by the names of its interfaces, and giving it to a component.

A component may import anything under these names: a function is given to it only if it is of the type that it has here.
"""

from typing import Any, Final

from fusee.engine.capi.component.access import function_row, header, import_row, part_row, resource_row, type_row
from fusee.engine.capi.component.components import is_named
from fusee.engine.capi.component.errors import trap_from
from fusee.engine.capi.component.format import Kind, Owner
from fusee.engine.capi.component.hosts import Destructor
from fusee.engine.capi.component.state import Component, Value
from fusee.engine.capi.component.wasi import cli, clocks, files, methods, streams
from fusee.engine.capi.component.wasi.given import (
    ANY,
    GIVEN,
    RESOURCE_NAMES,
    RESOURCES,
    behind,
    behind_types,
    gives_only,
    packed,
)
from fusee.engine.capi.component.wasi.methods import LIST_OF
from fusee.engine.capi.component.wasi.resources import ResourceTable, drop, new_table
from fusee.engine.capi.component.wasi.results import NO_MEMORY, Callback, number, refuse, without_payload
from fusee.engine.capi.state import Trap
from fusee.kernel.lang import Fn, Ptr, address, cast, instance, is_null, kernel, null, span, table, u8, u32, usize

NOT_SUPPORTED: Final = 2  # `error-code` of `wasi:sockets/network`
_OWN: Final = {"kind": Kind.OWN}
_SELF: Final = (Kind.BORROW,)
_READY: Final = (instance(number, bits=0, **_OWN), None)
_NONE: Final = (without_payload, None)
_NO_SOCKET: Final = (instance(refuse, code=NOT_SUPPORTED), None)
_RANDOM_BYTES: Final = (clocks.random_bytes, (Kind.U64,))


def _methods(*resources: str) -> dict[str, tuple[Any, tuple[int, ...]]]:
    return {
        f"[method]{row.name}": (callback, row.params)
        for row, callback in zip(methods.METHODS, methods.CALLBACKS, strict=True)
        if row.name.startswith(resources)
    }


FUNCTIONS: Final[dict[str, dict[str, tuple[Any, tuple[int, ...] | None]]]] = {
    "cli/environment": {
        "get-arguments": (cli.get_arguments, ()), "get-environment": (cli.get_environment, ()), "initial-cwd": _NONE,
    },
    "cli/exit": {
        "exit": (cli.exit_by_result, (Kind.VARIANT,)), "exit-with-code": (cli.exit_with_code, (Kind.U8,)),
    },
    "cli/stdin": {"get-stdin": (instance(number, bits=0, **_OWN), None)},
    "cli/stdout": {"get-stdout": (instance(number, bits=1, **_OWN), None)},
    "cli/stderr": {"get-stderr": (instance(number, bits=2, **_OWN), None)},
    "cli/terminal-stdin": {"get-terminal-stdin": _NONE},
    "cli/terminal-stdout": {"get-terminal-stdout": _NONE},
    "cli/terminal-stderr": {"get-terminal-stderr": _NONE},
    "clocks/monotonic-clock": {
        "now": (clocks.monotonic_now, ()), "resolution": (instance(number, kind=Kind.U64, bits=1), None),
        "subscribe-instant": (clocks.subscribe_instant, (Kind.U64,)),
        "subscribe-duration": (clocks.subscribe_duration, (Kind.U64,)),
    },
    "clocks/wall-clock": {"now": (clocks.wall_now, ()), "resolution": (clocks.wall_resolution, ())},
    "filesystem/preopens": {"get-directories": (files.get_directories, ())},
    "filesystem/types": {
        **_methods("descriptor.", "directory-entry-stream."),
        "[method]descriptor.is-same-object": (files.is_same_object, (Kind.BORROW, Kind.BORROW)),
        "filesystem-error-code": (streams.error_code, _SELF),
    },
    "io/error": {"[method]error.to-debug-string": (streams.error_text, _SELF)},
    "io/poll": {
        "[method]pollable.ready": (clocks.ready, _SELF), "[method]pollable.block": (clocks.block, _SELF),
        "poll": (clocks.poll, (LIST_OF | Kind.BORROW,)),
    },
    "io/streams": {
        **_methods("input-stream.", "output-stream."),
        "[method]input-stream.subscribe": (streams.subscribe, _SELF),
        "[method]output-stream.subscribe": (streams.subscribe, _SELF),
    },
    "random/random": {"get-random-bytes": _RANDOM_BYTES, "get-random-u64": (clocks.random_number, ())},
    "random/insecure": {
        "get-insecure-random-bytes": _RANDOM_BYTES, "get-insecure-random-u64": (clocks.random_number, ()),
    },
    "random/insecure-seed": {"insecure-seed": (clocks.random_seed, ())},
    "sockets/instance-network": {"instance-network": _READY},
    "sockets/ip-name-lookup": {"resolve-addresses": _NO_SOCKET},
    "sockets/network": {"network-error-code": _NONE},
    "sockets/tcp-create-socket": {"create-tcp-socket": _NO_SOCKET},
    "sockets/udp-create-socket": {"create-udp-socket": _NO_SOCKET},
}  # fmt: skip
"""By interface of the package `wasi` and name: what is called, and the kinds of its parameters if it looks at them."""

FUNCTION_NAMES = table(u8, packed(FUNCTIONS, RESOURCES, GIVEN))
CALLBACKS = table(Callback, [row[0] for found in FUNCTIONS.values() for row in found.values()])


@kernel
def drop_number(environment: usize, number: u32) -> Trap:
    return drop(cast(ResourceTable, environment), number)


@kernel
def have_no_memory(store: usize, arguments: Ptr[Value], count: usize, result: Value) -> Trap:
    """In the place of all functions where there was no memory for a table of resources."""
    return trap_from(store, NO_MEMORY)


DROP = table(Destructor, [drop_number])
WITHOUT_MEMORY = table(Fn[[usize, Ptr[Value], usize, Value], Trap], [have_no_memory])


@kernel(export="fusee_component_use_wasi")
def use_wasi(c: Component) -> None:
    """Give what the library has for those of the component's imports that the app has not defined."""
    if is_null(c):
        return
    resources = cast(ResourceTable, c.resources)
    give_wasi(c, new_table(c.store) if is_null(resources) else resources)


@kernel
def give_table(c: Component, resources: ResourceTable) -> None:
    c.has_wasi = True
    if c.resources == 0 and not is_null(resources):
        c.resources = address(resources)
        resources.holders += 1


@kernel
def give_wasi(c: Component, resources: ResourceTable) -> None:
    give_table(c, resources)
    give_all(c, cast(Ptr[u8], FUNCTION_NAMES), cast(Ptr[usize], CALLBACKS), cast(Ptr[u8], RESOURCE_NAMES))
    for i in span(header(c).files.count):
        give_wasi(cast(Component, c.parts[i]), resources)


@kernel
def give_all(c: Component, functions: Ptr[u8], callbacks: Ptr[usize], resources: Ptr[u8]) -> None:
    """What is packed in two texts."""
    give_named(c, functions, callbacks, resources)
    give_named(c, resources, null(Ptr[usize]), resources)


@kernel
def give_named(c: Component, names: Ptr[u8], callbacks: Ptr[usize], resources: Ptr[u8]) -> None:
    """Functions, or resources if there are no callbacks."""
    text = names
    given = u32(0)
    while text[0] != 0:
        interface = text + 1
        text = behind(text)
        while text[0] != 0:
            if not is_null(callbacks):
                give_function(c, interface, text, callbacks + given, resources)
            elif c.resources != 0:
                give_destructor(c, interface, text + 1)
            given += 1
            text = behind_types(behind(text)) + 1
        text = text + 1


@kernel
def give_function(
    c: Component, interface: Ptr[u8], text: Ptr[u8], callback: Ptr[usize], resources: Ptr[u8]
) -> None:  # fmt: skip
    types = behind(text)
    for i in span(header(c).imports.count):
        row = import_row(c, i)
        if c.functions[i].callback != 0 or not is_named(c, row.name, interface, text + 1):
            continue
        function = function_row(c, row.function)
        if not has_types(c, function.params, types):
            continue
        if not gives_only(c, function.result, resources, u32(behind_types(types)[0])):
            continue
        c.functions[i].callback = callback[0]
        c.functions[i].environment = c.resources
        if c.resources == 0:
            c.functions[i].callback = address(WITHOUT_MEMORY[0])
            c.functions[i].environment = c.store


@kernel
def has_types(c: Component, params: u32, types: Ptr[u8]) -> bool:
    """Whether parameters are what a function looks at."""
    if types[0] == ANY:
        return True
    row = type_row(c, params)
    if row.count != types[0]:
        return False
    for i in span(row.count):
        type_ = type_row(c, part_row(c, row.first + i).type)
        kind = type_.kind
        if kind == Kind.LIST:
            kind = LIST_OF | type_row(c, part_row(c, type_.first).type).kind
        if kind != types[i + 1]:
            return False
    return True


@kernel
def give_destructor(c: Component, interface: Ptr[u8], name: Ptr[u8]) -> None:
    for i in span(c.resource_count):
        row = resource_row(c, i)
        if row.owner == Owner.APP and c.destructors[i].callback == 0 and is_named(c, row.name, interface, name):
            c.destructors[i].callback = address(DROP[0])
            c.destructors[i].environment = c.resources
