"""Functions: made of the embedder's callbacks, and their types."""

from typing import Final

from fusee.engine.capi.blocks import delete_block, new_block
from fusee.engine.capi.declared import code_of, declaring
from fusee.engine.capi.engine_types import read_functype
from fusee.engine.capi.kinds import slots_of
from fusee.engine.capi.messages import MISSING, OUT_OF_MEMORY
from fusee.engine.capi.refs import is_kind, new_ref
from fusee.engine.capi.state import KIND_FUNC, ExternType, Host, Ref, StoreObject, ValType
from fusee.engine.capi.types import copy_externtype, delete_externtype
from fusee.engine.capi.vectors import pointers
from fusee.engine.groups import hold_group
from fusee.engine.present import HAS_AGGREGATES
from fusee.engine.registry import TypeRegistry
from fusee.engine.runtime.holdings import BLOCK_PLAIN, own
from fusee.engine.runtime.objects import new_host_func
from fusee.engine.state import module as engine
from fusee.engine.state.module import AGGREGATE, NONE
from fusee.engine.state.runtime import Func, Instance
from fusee.engine.subtyping import canonical_value_type
from fusee.engine.validate.types import HEADER_WORDS, WORD_BYTES
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    caught,
    copy_bytes,
    is_null,
    kernel,
    maximum,
    null,
    size_of,
    span,
    stack_array,
    u8,
    u32,
    usize,
)  # fmt: skip

IS_FINAL: Final = u8(1)  # in the first word of a type, beside its kind
FIRST_HOSTS: Final = u32(16)


@kernel(export="wasm_func_new")
def new_func(s: StoreObject, type: ExternType, callback: usize) -> Ref:  # noqa: A002
    return new_callback(s, type, callback, False, usize(0), usize(0))


@kernel(export="wasm_func_new_with_env")
def new_func_with_env(
    s: StoreObject,
    type: ExternType,  # noqa: A002
    callback: usize,
    environment: usize,
    finalizer: usize,
) -> Ref:
    return new_callback(s, type, callback, True, environment, finalizer)


@kernel
def new_callback(
    s: StoreObject,
    type: ExternType,  # noqa: A002
    callback: usize,
    has_environment: bool,
    environment: usize,
    finalizer: usize,
) -> Ref:
    """A function of the embedder's. Null without memory, or if the callback or the type will not do.

    Only if there is a function, the finalizer is called, at the end of the store.
    """
    if is_null(s):
        return null(Ref)
    if callback == 0 or not can_be_host(type):
        s.status = MISSING
        return null(Ref)
    made = new_host(s, cast(ExternType, copy_externtype(address(type))))
    if not is_null(made):
        host = s.hosts[s.host_count - 1]
        host.callback = callback
        host.has_environment = has_environment
        host.environment = environment
        host.finalizer = finalizer
    return made


@kernel
def can_be_host(type: ExternType) -> bool:  # noqa: A002
    """Whether it is a function's type: `wasm_val_t` holds values of all types."""
    return not is_null(type) and type.kind == KIND_FUNC


@kernel
def new_host(s: StoreObject, type: ExternType) -> Ref:  # noqa: A002
    """A handle of a new function of the store's, whose last `Host` is then to be filled in; takes over `type`."""
    target = stack_array(usize, 1)
    s.status = OUT_OF_MEMORY
    if not is_null(type) and has_room(s):
        s.status = caught(make_func, s, type, target)
    ref = null(Ref)
    if s.status == 0:
        ref = new_ref(s, KIND_FUNC, target[0])
    if is_null(ref):
        delete_externtype(address(type))
        return ref
    s.hosts[s.host_count].type = type
    s.host_count += 1
    return ref


@kernel
def has_room(s: StoreObject) -> bool:
    """Make room for one more host function."""
    if s.host_count < s.host_capacity:
        return True
    capacity = maximum(s.host_capacity * 2, FIRST_HOSTS)
    larger = new_block(capacity * usize(size_of(Host)))
    if is_null(larger):
        return False
    if s.host_count != 0:
        copy_bytes(larger, cast(Ptr[u8], s.hosts), s.host_count * usize(size_of(Host)))
    delete_block(cast(Ptr[u8], s.hosts))
    s.hosts = cast(Ptr[Host], larger)
    s.host_capacity = capacity
    return True


@kernel
def make_func(s: StoreObject, type: ExternType, target: Ptr[usize]) -> None:  # noqa: A002
    canonical = stack_array(u32, 1)
    codes = register_type(s, type, canonical)
    params = u32(type.params.size)
    results = u32(type.results.size)
    param_slots = slots_in(codes, params)
    result_slots = slots_in(codes + params, results)
    target[0] = address(new_host_func(
        s.store, s.host_count, canonical[0], params, results, param_slots, result_slots,
    ))  # fmt: skip
    s.hosts[s.host_count].codes = codes


@kernel
def register_type(s: StoreObject, type: ExternType, canonical: Ptr[u32]) -> Ptr[u32]:  # noqa: A002
    """A function's parameters and results as the store's engine writes them; and the number by which it knows the type.

    These are in memory of the store's. The type is held until the store ends, or the engine.
    """
    count = u32(type.params.size + type.results.size)
    words = cast(Ptr[u32], own(s.store, BLOCK_PLAIN, usize(HEADER_WORDS + count) * WORD_BYTES))
    codes = words + HEADER_WORDS
    write_codes(s, type, codes, ~AGGREGATE)
    if is_null(type.source):
        words[2] = u32(type.params.size)
        canonical[0] = register_group(cast(TypeRegistry, s.world.engine.registry), words, count)
    else:
        canonical[0] = declaring(s, type.source).types[type.index].canonical
    if HAS_AGGREGATES:
        write_codes(s, type, codes, ~u32(0))
    return codes


@kernel
def write_codes(s: StoreObject, type: ExternType, codes: Ptr[u32], mask: u32) -> None:  # noqa: A002
    params = type.params
    results = type.results
    for i in span(params.size):
        codes[i] = code_of(s, cast(ValType, pointers(params)[i])) & mask
    for i in span(results.size):
        codes[params.size + i] = code_of(s, cast(ValType, pointers(results)[i])) & mask


@kernel
def register_group(registry: TypeRegistry, words: Ptr[u32], count: u32) -> u32:
    """A final type in a group of its own. It may refer to other types, as their groups' words do; not to itself."""
    words[0] = engine.KIND_FUNC << 1 | IS_FINAL
    words[1] = NONE
    canonical = hold_group(registry, words, HEADER_WORDS + count, u32(1)).first_id
    record = registry.types[canonical]
    record.kind = engine.KIND_FUNC
    record.supertype = NONE
    return canonical


@kernel
def slots_in(codes: Ptr[u32], count: u32) -> u32:
    """How many slots values of these types take."""
    slots = u32(0)
    for i in span(count):
        slots += slots_of(codes[i])
    return slots


# Types.


@kernel(export="wasm_func_type")
def func_type(ref: Ref) -> ExternType:
    if not is_kind(ref, KIND_FUNC):
        return null(ExternType)
    func = cast(Func, ref.target)
    if func.instance == 0:
        return cast(ExternType, copy_externtype(address(ref.store.hosts[func.index].type)))
    m = cast(Instance, func.instance).module
    return read_functype(m, m.func_types[func.index])


@kernel(export="wasm_func_param_arity")
def param_arity(ref: Ref) -> usize:
    return usize(cast(Func, ref.target).param_count) if is_kind(ref, KIND_FUNC) else usize(0)


@kernel(export="wasm_func_result_arity")
def result_arity(ref: Ref) -> usize:
    return usize(cast(Func, ref.target).result_count) if is_kind(ref, KIND_FUNC) else usize(0)


@kernel
def param_code(s: StoreObject, func: Func, index: u32) -> u32:
    """The type of a parameter as the engine writes it."""
    if func.instance == 0:
        return s.hosts[func.index].codes[index]
    m = cast(Instance, func.instance).module
    return canonical_value_type(m, m.types[m.func_types[func.index]].params[index])


@kernel
def result_code(s: StoreObject, func: Func, index: u32) -> u32:
    """The type of a result as the engine writes it."""
    if func.instance == 0:
        return s.hosts[func.index].codes[func.param_count + index]
    m = cast(Instance, func.instance).module
    return canonical_value_type(m, m.types[m.func_types[func.index]].results[index])
