"""Calls from guests to the embedder: `Platform.call_host` of every engine of the C API."""

from typing import Final

from fusee.engine.capi.blocks import delete_block, new_block
from fusee.engine.capi.kinds import code_from_kind
from fusee.engine.capi.messages import OUT_OF_MEMORY, Mistake, Misuse
from fusee.engine.capi.state import Host, StoreObject, Trap, ValType, Value, Vector
from fusee.engine.capi.trap import new_trap, stop
from fusee.engine.capi.values import delete_value, from_slot, to_slot, values
from fusee.engine.capi.vectors import pointers
from fusee.engine.capi.wasi.functions import call_wasi
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
WRONG_VALUE: Final = Misuse(Mistake.VALUE, 0).status


@kernel
def call_host(world: usize, identity: u32, instance: usize, slots: Ptr[u64]) -> u32:
    """Call the store's host function of a number; not 0 stops the guest, for a reason that the store then knows."""
    s = cast(StoreObject, cast(Store, world).embedder)
    host = s.hosts[identity]
    if host.callback == 0:
        return call_wasi(s, host.wasi, instance, slots)
    params = host.type.params
    results = host.type.results
    room = stack_array(Value, SMALL)
    cells = room
    count = params.size + results.size
    if count > SMALL:
        cells = cast(Ptr[Value], new_block(count * usize(size_of(Value))))
        if is_null(cells):
            return stop(s, new_trap(s, u64(OUT_OF_MEMORY)))
    vectors = stack_array(Vector, 2)
    vectors[0].size = params.size
    vectors[0].data = cast(Ptr[u8], cells)
    vectors[1].size = results.size
    vectors[1].data = cast(Ptr[u8], cells + params.size)
    outcome = call_with(s, host, vectors[0], vectors[1], slots)
    if count > SMALL:
        delete_block(cast(Ptr[u8], cells))
    return outcome


CALL_HOST = table(Fn[[usize, u32, usize, Ptr[u64]], u32], [call_host])


@kernel
def kind_at(types: Vector, index: usize) -> u32:
    """The engine's code of a value type in a vector of types."""
    return code_from_kind(cast(ValType, pointers(types)[index]).kind)


@kernel
def call_with(s: StoreObject, host: Host, arguments: Vector, results: Vector, slots: Ptr[u64]) -> u32:
    """Call back with room for values. `host` may move while the embedder runs: it may add functions."""
    type_ = host.type
    for i in span(arguments.size):
        if not from_slot(s, slots[i], kind_at(type_.params, i), values(arguments)[i]):
            release_values(arguments, i)
            return stop(s, new_trap(s, u64(OUT_OF_MEMORY)))
    for i in span(results.size):
        values(results)[i].kind = u8(cast(ValType, pointers(type_.results)[i]).kind)
        values(results)[i].bits = u64(0)
    if host.has_environment:
        trap = cast(EnvironmentCallback, host.callback)(host.environment, arguments, results)
    else:
        trap = cast(Callback, host.callback)(arguments, results)
    release_values(arguments, arguments.size)
    if is_null(trap) and not store_results(s, type_.results, results, slots):
        trap = new_trap(s, u64(WRONG_VALUE))
    release_values(results, results.size)
    return u32(0) if is_null(trap) else stop(s, trap)


@kernel
def store_results(s: StoreObject, types: Vector, results: Vector, slots: Ptr[u64]) -> bool:
    """Pass the results to the guest; false if one is not what the function's type says."""
    for i in span(results.size):
        if not to_slot(s, values(results)[i], kind_at(types, i), slots + i):
            return False
    return True


@kernel
def release_values(vector: Vector, count: usize) -> None:
    for i in span(count):
        delete_value(values(vector)[i])
