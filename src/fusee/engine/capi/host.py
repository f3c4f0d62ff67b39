"""Calls from guests to the embedder: `Platform.call_host` of every engine of the C API."""

from typing import Final

from fusee.engine.capi.blocks import delete_block, new_block
from fusee.engine.capi.kinds import is_owner, kind_from_code, slots_of
from fusee.engine.capi.messages import OUT_OF_MEMORY, Mistake, Misuse
from fusee.engine.capi.state import VAL_EXTERNREF, ExternType, Host, StoreObject, Trap, Value, Vector
from fusee.engine.capi.trap import new_trap, stop
from fusee.engine.capi.values import delete_value, from_slot, to_slot
from fusee.engine.capi.waiting import answer
from fusee.engine.capi.wasi.functions import call_wasi
from fusee.engine.present import HAS_THREADS, HAS_WASI
from fusee.engine.state.platform import REQUEST_GROW
from fusee.engine.state.runtime import Store
from fusee.kernel.lang import (
    Fn,
    Ptr,
    cast,
    is_null,
    kernel,
    size_of,
    span,
    stack_array,
    table,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

Callback = Fn[[Vector, Vector], Trap]  # `wasm_func_callback_t`
EnvironmentCallback = Fn[[usize, Vector, Vector], Trap]  # `wasm_func_callback_with_env_t`

SMALL: Final = 16  # arguments and results that need no allocation
WRONG_VALUE: Final = u64(Misuse(Mistake.VALUE, 0).status)


@kernel
def call_host(world: usize, identity: u32, instance: usize, slots: Ptr[u64]) -> u32:
    """Call the store's host function of a number; not 0 stops the guest, for a reason that the store then knows."""
    s = cast(StoreObject, cast(Store, world).embedder)
    if HAS_THREADS and identity >= REQUEST_GROW:
        answer(s, identity, slots)
        return u32(0)
    host = s.hosts[identity]
    if HAS_WASI and host.callback == 0:
        return call_wasi(s, host.wasi, instance, slots)
    room = stack_array(Value, SMALL)
    cells = room
    count = host.type.params.size + host.type.results.size
    if count > SMALL:
        cells = cast(Ptr[Value], new_block(count * usize(size_of(Value))))
        if is_null(cells):
            return stop(s, new_trap(s, OUT_OF_MEMORY))
    outcome = call_with(s, host, host.type, cells, slots)
    if count > SMALL:
        delete_block(cast(Ptr[u8], cells))
    return outcome


CALL_HOST = table(Fn[[usize, u32, usize, Ptr[u64]], u32], [call_host])


@kernel
def call_with(s: StoreObject, host: Host, type_: ExternType, cells: Ptr[Value], slots: Ptr[u64]) -> u32:
    """Call back with room for arguments and results. `host` may move while the embedder runs: it may add functions."""
    results = cells + type_.params.size
    codes = host.codes
    expected = codes + type_.params.size
    place = slots
    for i in span(type_.params.size):
        code = codes[i]
        if not from_slot(s, place, code, cells[i]):
            release_values(cells, i)
            return stop(s, new_trap(s, OUT_OF_MEMORY))
        place = place + slots_of(code)
    for i in span(type_.results.size):
        results[i].kind = u8(kind_from_code(expected[i]))
        results[i].bits = u64(0)
    trap = call_back(s, host, type_, cells)
    if is_null(trap) and not store_results(s, type_.results.size, expected, results, slots):
        trap = new_trap(s, WRONG_VALUE)
    release_results(type_, expected, cells)
    release_values(cells, type_.params.size)
    return u32(0) if is_null(trap) else stop(s, trap)


@kernel
def call_back(s: StoreObject, host: Host, type_: ExternType, cells: Ptr[Value]) -> Trap:
    """Call the embedder. What it does to the two vectors themselves is not looked at, but that it has done it."""
    vectors = stack_array(Vector, 2)
    vectors[0].size = type_.params.size
    vectors[0].data = cast(Ptr[u8], cells)
    vectors[1].size = type_.results.size
    vectors[1].data = cast(Ptr[u8], cells + type_.params.size)
    if host.has_environment:
        trap = cast(EnvironmentCallback, host.callback)(host.environment, vectors[0], vectors[1])
    else:
        trap = cast(Callback, host.callback)(vectors[0], vectors[1])
    is_same = vectors[1].size == type_.results.size and vectors[1].data == cast(Ptr[u8], cells + type_.params.size)
    return new_trap(s, WRONG_VALUE) if is_null(trap) and not is_same else trap


@kernel
def store_results(s: StoreObject, count: usize, codes: Ptr[u32], results: Ptr[Value], slots: Ptr[u64]) -> bool:
    """Pass the results to the guest; false if one is not what the function's type says."""
    place = slots
    for i in span(count):
        if not to_slot(s, results[i], codes[i], place):
            return False
        place = place + slots_of(codes[i])
    return True


@kernel
def release_results(type_: ExternType, codes: Ptr[u32], cells: Ptr[Value]) -> None:
    """Delete the references and vectors that the embedder has given, where they should be, from the last to the first.

    It may have given one twice, or passed on an argument's without a copy: that is deleted once.
    """
    left = type_.results.size
    while left != 0:
        left -= 1
        place = type_.params.size + left
        value = cells[place]
        if is_like(kind_from_code(codes[left]), value.kind) and not is_among(cells, place, value):
            delete_value(value)


@kernel
def is_like(expected: u32, kind: u32) -> bool:
    """Whether both are kinds of references, or both that of vectors."""
    return expected == kind or (expected >= VAL_EXTERNREF and kind >= VAL_EXTERNREF)


@kernel
def is_among(cells: Ptr[Value], count: usize, value: Value) -> bool:
    for i in span(count):
        if is_owner(cells[i].kind) and cells[i].bits == value.bits:
            return True
    return False


@kernel
def release_values(cells: Ptr[Value], count: usize) -> None:
    for i in span(count):
        delete_value(cells[i])
