"""The methods of streams and files: all begin and end alike, with a `result` whose error is one kind or another."""

from typing import Any, Final, NamedTuple

from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.state import Value
from fusee.engine.capi.component.values import new_variant
from fusee.engine.capi.component.wasi import changes, entries, files, links, paths, streams
from fusee.engine.capi.component.wasi.requests import CLOSED, WRONG_SIZE, Body, Request
from fusee.engine.capi.component.wasi.resources import (
    NO_RESOURCE,
    NO_WASI,
    ResourceTable,
    What,
    begin,
    let_go,
    resource_at,
)
from fusee.engine.capi.component.wasi.results import (
    NO_MEMORY,
    WRONG,
    bits_of,
    code_of,
    part,
    put_code,
    put_stream_error,
    trap_for,
)
from fusee.engine.capi.state import Trap
from fusee.engine.capi.wasi.config import end_call
from fusee.engine.capi.wasi.fd import is_stream
from fusee.engine.capi.wasi.state import SUCCESS
from fusee.kernel.lang import Ptr, Static, instance, is_null, kernel, null, stack_array, table, u8, u32, usize

LIST_OF: Final = 0x40  # beside the kind of a list's elements
_SELF: Final = (Kind.BORROW,)
_SIZE: Final = (Kind.BORROW, Kind.U64)
_BYTES: Final = (Kind.BORROW, LIST_OF | Kind.U8)
_PATH: Final = (Kind.BORROW, Kind.STRING)
_TIMES: Final = (Kind.VARIANT, Kind.VARIANT)
_AT: Final = (Kind.BORROW, Kind.FLAGS, Kind.STRING)


class Method(NamedTuple):
    """`params` are the kinds of the arguments, or of a list's elements with `LIST_OF`."""

    name: str
    what: What
    params: tuple[int, ...]
    has_payload: bool
    body: Any


METHODS: Final = [
    *(Method(f"input-stream.{name}", What.INPUT, _SIZE, True, body) for name, body in {
        "read": streams.read_ready, "blocking-read": streams.read, "skip": streams.skip, "blocking-skip": streams.skip,
    }.items()),
    Method("output-stream.check-write", What.OUTPUT, _SELF, True, streams.check_write),
    *(Method(f"output-stream.{name}", What.OUTPUT, _BYTES, False, streams.write)
      for name in ("write", "blocking-write-and-flush")),
    *(Method(f"output-stream.{name}", What.OUTPUT, _SELF, False, streams.accept)
      for name in ("flush", "blocking-flush")),
    *(Method(f"output-stream.{name}", What.OUTPUT, _SIZE, False, streams.write_zeroes)
      for name in ("write-zeroes", "blocking-write-zeroes-and-flush")),
    *(Method(f"output-stream.{name}", What.OUTPUT, (Kind.BORROW, *_SIZE), True, streams.splice)
      for name in ("splice", "blocking-splice")),
    *(Method(f"descriptor.{name}", What.FILE, _SELF, False, streams.accept) for name in ("sync", "sync-data")),
    Method("descriptor.advise", What.FILE, (*_SIZE, Kind.U64, Kind.ENUM), False, streams.accept),
    Method("descriptor.read-via-stream", What.FILE, _SIZE, True, files.read_via_stream),
    Method("descriptor.write-via-stream", What.FILE, _SIZE, True, files.write_via_stream),
    Method("descriptor.append-via-stream", What.FILE, _SELF, True, files.append_via_stream),
    Method("descriptor.read", What.FILE, (*_SIZE, Kind.U64), True, files.read),
    Method("descriptor.write", What.FILE, (*_BYTES, Kind.U64), True, files.write),
    Method("descriptor.set-size", What.FILE, _SIZE, False, changes.set_size),
    Method("descriptor.set-times", What.FILE, (Kind.BORROW, *_TIMES), False, changes.set_times),
    Method("descriptor.set-times-at", What.FILE, (*_AT, *_TIMES), False, changes.set_path_times),
    Method("descriptor.get-flags", What.FILE, _SELF, True, files.get_flags),
    Method("descriptor.get-type", What.FILE, _SELF, True, files.get_type),
    Method("descriptor.stat", What.FILE, _SELF, True, files.stat),
    Method("descriptor.stat-at", What.FILE, _AT, True, paths.stat_at),
    Method("descriptor.metadata-hash", What.FILE, _SELF, True, files.metadata_hash),
    Method("descriptor.metadata-hash-at", What.FILE, _AT, True, paths.metadata_hash_at),
    Method("descriptor.open-at", What.FILE, (*_AT, Kind.FLAGS, Kind.FLAGS), True, paths.open_at),
    Method("descriptor.create-directory-at", What.FILE, _PATH, False, paths.create_directory_at),
    Method("descriptor.remove-directory-at", What.FILE, _PATH, False, paths.remove_directory_at),
    Method("descriptor.unlink-file-at", What.FILE, _PATH, False, paths.unlink_file_at),
    Method("descriptor.rename-at", What.FILE, (*_PATH, *_PATH), False, paths.move_at),
    Method("descriptor.link-at", What.FILE, (*_AT, *_PATH), False, links.link),
    Method("descriptor.symlink-at", What.FILE, (*_PATH, Kind.STRING), False, links.symlink),
    Method("descriptor.readlink-at", What.FILE, _PATH, True, links.read_link),
    Method("descriptor.read-directory", What.FILE, _SELF, True, entries.read_directory),
    Method("directory-entry-stream.read-directory-entry", What.ENTRIES, _SELF, True, entries.read_directory_entry),
]  # fmt: skip

BODIES = table(Body, [method.body for method in METHODS])
WHATS = table(u8, [method.what for method in METHODS])
HAS_PAYLOAD = table(u8, [method.has_payload for method in METHODS])


@kernel
def perform(resources: ResourceTable, arguments: Ptr[Value], result: Value, number: u32) -> Trap:
    what = u32(WHATS[number])
    is_of_stream = what == What.INPUT or what == What.OUTPUT
    r = stack_array(Request, 1)[0]
    r.resources = resources
    r.arguments = arguments
    r.number = u32(bits_of(arguments[0]))
    r.resource = resource_at(resources, r.number)
    if not is_null(r.resource) and r.resource.what != u8(what):
        return trap_for(resources, NO_RESOURCE)
    if is_null(r.resource) and not (is_of_stream and is_stream(r.number)):
        return trap_for(resources, NO_RESOURCE)
    if not new_variant(result, u32(0), HAS_PAYLOAD[number] != 0):
        return trap_for(resources, NO_MEMORY)
    r.payload = part(result, u32(0))
    if not begin(r.call, resources):
        return trap_for(resources, NO_WASI)
    if not is_null(r.resource):
        r.resource.holders += 1
    errno = BODIES[number](r)
    if not is_null(r.resource):
        let_go(resources, r.resource)
    end_call(r.call.wasi)
    if is_of_stream and errno == WRONG_SIZE:
        return trap_for(resources, WRONG)
    if errno == SUCCESS:
        return null(Trap)
    if is_of_stream:
        return put_stream_error(resources, result, u32(0) if errno == CLOSED else errno)
    return put_code(resources, result, code_of(errno))


@kernel
def method(
    resources: ResourceTable, arguments: Ptr[Value], count: usize, result: Value, row: Static[int]
) -> Trap:  # fmt: skip
    """What the app would define as a callback."""
    return perform(resources, arguments, result, u32(row))


CALLBACKS: Final[list[Any]] = [instance(method, row=row) for row in range(len(METHODS))]
"""By the numbers of the methods."""
