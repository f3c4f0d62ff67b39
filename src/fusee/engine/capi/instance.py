"""Instances and their exports."""

from typing import Final

from fusee.engine.capi.blocks import delete_block, new_block
from fusee.engine.capi.func import run
from fusee.engine.capi.messages import OUT_OF_MEMORY, Mistake, Misuse
from fusee.engine.capi.module import KINDS
from fusee.engine.capi.refs import delete_extern, new_ref
from fusee.engine.capi.state import KIND_INSTANCE, HeldModule, ModuleObject, Ref, StoreObject, Trap, Vector
from fusee.engine.capi.trap import delete_trap, new_trap
from fusee.engine.capi.vectors import delete_vector, new_elements, pointers
from fusee.engine.runtime.instantiate import instantiate
from fusee.engine.state.module import EXTERN_FUNC, EXTERN_GLOBAL, EXTERN_MEMORY, EXTERN_TABLE, NONE, Module
from fusee.engine.state.runtime import Func, Instance
from fusee.kernel.lang import (
    Ptr,
    address,
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

WRONG_IMPORTS: Final = Misuse(Mistake.IMPORTS, 0).status


@kernel(export="wasm_instance_new")
def new_instance(s: StoreObject, module: ModuleObject, imports: Vector, out: Ptr[usize]) -> Ref:
    """Instantiate and run the start function. If that fails: null, and the reason in `*out` where `out` is given."""
    trap = null(Trap)
    target = stack_array(usize, 1)
    count = module.module.import_count
    given = null(Ptr[usize])
    if count != 0:
        given = cast(Ptr[usize], new_block(usize(count) * usize(size_of(usize))))
    if (count != 0 and is_null(given)) or not hold_module(s, module):
        trap = new_trap(s, u64(OUT_OF_MEMORY))
    elif not take_imports(s, module.module, imports, given):
        trap = new_trap(s, u64(WRONG_IMPORTS))
    else:
        status = caught(make_instance, s, module, given, target)
        trap = new_trap(s, status) if status != 0 else start(s, cast(Instance, target[0]))
    delete_block(cast(Ptr[u8], given))
    made = null(Ref)
    if is_null(trap):
        made = new_ref(s, u32(KIND_INSTANCE), target[0])
        if is_null(made):
            trap = new_trap(s, u64(OUT_OF_MEMORY))
    pass_trap(trap, out)
    return made


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
def hold_module(s: StoreObject, module: ModuleObject) -> bool:
    """Have a module live as long as the store: even a failed instantiation may leave functions in tables."""
    at = s.modules
    while at != 0:
        if cast(HeldModule, at).module == module:
            return True
        at = cast(HeldModule, at).next
    made = cast(HeldModule, new_block(usize(size_of(HeldModule))))
    if is_null(made):
        return False
    made.next = s.modules
    made.module = module
    module.count += 1
    s.modules = address(made)
    return True


@kernel
def take_imports(s: StoreObject, m: Module, imports: Vector, given: Ptr[usize]) -> bool:
    """The runtime's objects for a module's imports; false unless all are there, in the store, and of the right kind."""
    count = usize(0) if is_null(imports) else imports.size
    if count < usize(m.import_count):
        return False
    for i in span(m.import_count):
        ref = cast(Ref, pointers(imports)[i])
        if is_null(ref) or ref.store != s or ref.kind != u32(KINDS[m.imports[i].kind]):
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
    instance = cast(Instance, ref.target)
    m = instance.module
    if not new_elements(out, usize(m.export_count), usize(size_of(usize))):
        return
    for i in span(m.export_count):
        item = m.exports[i]
        made = new_ref(ref.store, u32(KINDS[item.kind]), extern_at(instance, item.kind, item.index))
        pointers(out)[i] = address(made)
        if is_null(made):
            delete_vector(out, delete_extern)
            return


@kernel
def extern_at(instance: Instance, kind: u32, index: u32) -> usize:
    """What is at a place of an instance's index spaces; 0 for a tag."""
    if kind == EXTERN_FUNC:
        return instance.functions[index]
    if kind == EXTERN_TABLE:
        return instance.tables[index]
    if kind == EXTERN_MEMORY:
        return instance.memories[index]
    return instance.globals[index] if kind == EXTERN_GLOBAL else usize(0)
