"""Instances and their exports."""

from typing import Final

from fusee.engine.capi.blocks import delete_block, new_block
from fusee.engine.capi.call import run
from fusee.engine.capi.declared import hold_module
from fusee.engine.capi.messages import MISSING, OUT_OF_MEMORY, Mistake, Misuse
from fusee.engine.capi.module import KINDS
from fusee.engine.capi.refs import delete_ref, drop_store, is_kind, new_ref
from fusee.engine.capi.state import KIND_INSTANCE, ModuleObject, Ref, StoreObject, Trap, Vector
from fusee.engine.capi.trap import delete_trap, new_trap
from fusee.engine.capi.vectors import delete_vector, length, new_elements, pointers
from fusee.engine.runtime.instantiate import instantiate
from fusee.engine.state.module import EXTERN_FUNC, EXTERN_MEMORY, EXTERN_TABLE, EXTERN_TAG, NONE, Module
from fusee.engine.state.runtime import Func, Instance
from fusee.kernel.lang import (
    Order,
    Ptr,
    address,
    atomic_fence,
    cast,
    caught,
    is_null,
    kernel,
    null,
    size_of,
    span,
    stack_array,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

WRONG_IMPORTS: Final = u64(Misuse(Mistake.IMPORTS, 0).status)


@kernel(export="wasm_instance_new")
def new_instance(s: StoreObject, module: ModuleObject, imports: Vector, out: Ptr[usize]) -> Ref:
    """Instantiate and run the start function. If that fails: null, and the reason in `*out` where `out` is given."""
    if is_null(s) or is_null(module):
        pass_trap(new_trap(s, MISSING), out)
        return null(Ref)
    s.count += 1  # as in `run`
    target = stack_array(usize, 1)
    trap = instantiated(s, module, imports, target)
    made = null(Ref)
    if is_null(trap):
        made = new_ref(s, KIND_INSTANCE, target[0])
        if is_null(made):
            trap = new_trap(s, OUT_OF_MEMORY)
    pass_trap(trap, out)
    drop_store(s)
    return made


@kernel
def instantiated(s: StoreObject, module: ModuleObject, imports: Vector, target: Ptr[usize]) -> Trap:
    """Instantiate, and run the start function; null, or why that failed."""
    held = hold_module(s, module)
    if is_null(held):
        return new_trap(s, s.status)
    count = held.module.import_count
    given = null(Ptr[usize])
    if count != 0:
        given = cast(Ptr[usize], new_block(count * usize(size_of(usize))))
        if is_null(given):
            return new_trap(s, OUT_OF_MEMORY)
    status = WRONG_IMPORTS
    if take_imports(s, held.module, imports, given):
        status = caught(make_instance, s, held, given, target)
        atomic_fence(Order.SEQ_CST)  # from here on guests may run in it: `runtime.heads`
    delete_block(cast(Ptr[u8], given))
    return new_trap(s, status) if status != 0 else start(s, cast(Instance, target[0]))


@kernel
def pass_trap(trap: Trap, out: Ptr[usize]) -> None:
    """Give a trap to the caller, if it wants to know."""
    if is_null(out):
        delete_trap(trap)
    else:
        out[0] = address(trap)


@kernel
def make_instance(s: StoreObject, module: ModuleObject, given: Ptr[usize], target: Ptr[usize]) -> None:
    target[0] = address(instantiate(s.store, module.module, given))


@kernel
def take_imports(s: StoreObject, m: Module, imports: Vector, given: Ptr[usize]) -> bool:
    """The runtime's objects for a module's imports; false unless all are there, in the store, and of the right kind."""
    if length(imports) < m.import_count:
        return False
    for i in span(m.import_count):
        ref = cast(Ref, pointers(imports)[i])
        if is_null(ref) or ref.store != s or ref.kind != KINDS[m.imports[i].kind]:
            return False
        given[i] = ref.target
    return True


@kernel
def start(s: StoreObject, instance: Instance) -> Trap:
    """Run the start function, if there is one (spec 4.5.4)."""
    if instance.module.start == NONE:
        return null(Trap)
    slots = stack_array(u64, 1)
    return run(s, cast(Func, instance.functions[instance.module.start]), slots)


@kernel(export="wasm_instance_exports")
def instance_exports(ref: Ref, out: Vector) -> None:
    """Handles of the exports in the module's order; empty if there is no memory."""
    if not is_kind(ref, KIND_INSTANCE):
        new_elements(out, usize(0), usize(size_of(usize)))
        return
    instance = cast(Instance, ref.target)
    m = instance.module
    if not new_elements(out, m.export_count, usize(size_of(usize))):
        return
    for i in span(m.export_count):
        item = m.exports[i]
        made = new_ref(ref.store, KINDS[item.kind], extern_at(instance, item.kind, item.index))
        pointers(out)[i] = address(made)
        if is_null(made):
            delete_vector(out, delete_ref)
            return


@kernel
def extern_at(instance: Instance, kind: u32, index: u32) -> usize:
    """What is at a place of an instance's index spaces."""
    if kind == EXTERN_FUNC:
        return instance.functions[index]
    if kind == EXTERN_TABLE:
        return instance.tables[index]
    if kind == EXTERN_MEMORY:
        return instance.memories[index]
    return instance.tags[index] if kind == EXTERN_TAG else instance.globals[index]
