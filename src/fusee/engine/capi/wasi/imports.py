"""WASI functions as a module's imports, and running a program."""

from typing import Final

from fusee.engine.capi.call import run
from fusee.engine.capi.func import new_host
from fusee.engine.capi.instance import pass_trap
from fusee.engine.capi.messages import MISSING, Mistake, Misuse
from fusee.engine.capi.refs import is_kind
from fusee.engine.capi.state import (
    KIND_FUNC,
    KIND_INSTANCE,
    VAL_I32,
    VAL_I64,
    ExternType,
    ModuleObject,
    Ref,
    StoreObject,
    Trap,
    Vector,
)
from fusee.engine.capi.trap import delete_trap, new_trap
from fusee.engine.capi.types import delete_externtype, new_externtype, new_valtype
from fusee.engine.capi.vectors import new_elements, pointers
from fusee.engine.capi.wasi.functions import (
    ARITIES,
    COUNT,
    HAS_RESULT,
    MODULE,
    MODULE_SIZE,
    SNAPSHOT_0,
    SNAPSHOT_0_SIZE,
    VARIANTS,
    WIDE,
    find,
)
from fusee.engine.capi.wasi.names import is_named
from fusee.engine.state.module import EXTERN_FUNC, Module, Span
from fusee.engine.state.runtime import Func, Instance
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    is_null,
    kernel,
    null,
    size_of,
    span,
    stack_array,
    table,
    u8,
    u32,
    u64,
    usize,
)

START_NAME: Final = b"_start"
START = table(u8, START_NAME)
START_SIZE: Final = u32(len(START_NAME))
NO_START: Final = u64(Misuse(Mistake.START, 0).status)
FAILED: Final = u32(1)


@kernel(export="fusee_wasi_imports")
def wasi_imports(s: StoreObject, module: ModuleObject, imports: Vector) -> bool:
    """Fill the empty places of a vector of imports with WASI's functions; false if there is no memory."""
    if is_null(s) or is_null(module):
        return False
    m = module.module
    for i in span(m.import_count):
        item = m.imports[i]
        if i < imports.size and pointers(imports)[i] == 0 and item.kind == EXTERN_FUNC:
            number = wasi_number(m, item.module, item.name)
            if number != COUNT:
                made = new_wasi_func(s, number)
                if is_null(made):
                    return False
                pointers(imports)[i] = address(made)
    return True


@kernel
def wasi_number(m: Module, module: Span, name: Span) -> u32:
    """Which function of WASI's an import means; `COUNT` if none."""
    text = m.source + name.start
    size = name.end - name.start
    if is_named(m, module, cast(Ptr[u8], MODULE), MODULE_SIZE):
        return find(text, size, u32(0))
    if not is_named(m, module, cast(Ptr[u8], SNAPSHOT_0), SNAPSHOT_0_SIZE):
        return COUNT
    variant = find(text, size, VARIANTS)
    return variant if variant != COUNT else find(text, size, u32(0))


@kernel
def new_wasi_func(s: StoreObject, number: u32) -> Ref:
    made = new_host(s, wasi_type(number))
    if not is_null(made):
        s.hosts[s.host_count - 1].wasi = number
    return made


@kernel
def wasi_type(number: u32) -> ExternType:
    """The type of a function of WASI's; null if there is no memory."""
    made = new_externtype(KIND_FUNC)
    if is_null(made):
        return made
    width = usize(size_of(usize))
    complete = new_elements(made.params, u32(ARITIES[number]), width)
    complete = new_elements(made.results, u32(HAS_RESULT[number]), width) and complete
    for i in span(made.params.size):
        is_wide = u32(WIDE[number]) >> u32(i) & 1 != 0
        pointers(made.params)[i] = address(new_valtype(VAL_I64 if is_wide else VAL_I32))
        complete = complete and pointers(made.params)[i] != 0
    for i in span(made.results.size):
        pointers(made.results)[i] = address(new_valtype(VAL_I32))
        complete = complete and pointers(made.results)[i] != 0
    if not complete:
        delete_externtype(address(made))
        return null(ExternType)
    return made


@kernel(export="fusee_wasi_start")
def wasi_start(ref: Ref, out: Ptr[usize]) -> u32:
    """Run a program's `_start` and give its exit status; where it traps, the trap is in `*out` and the status 1."""
    if not is_kind(ref, KIND_INSTANCE):
        pass_trap(new_trap(null(StoreObject), MISSING), out)
        return FAILED
    s = ref.store
    instance = cast(Instance, ref.target)
    func = start_function(instance)
    slots = stack_array(u64, 1)
    if is_null(func):
        pass_trap(new_trap(s, NO_START), out)
        return FAILED
    trap = run(s, func, slots)
    if not is_null(trap) and trap.is_exit:
        status = trap.exit_status
        delete_trap(trap)
        trap = null(Trap)
        pass_trap(trap, out)
        return status
    pass_trap(trap, out)
    return u32(0) if is_null(trap) else FAILED


@kernel
def start_function(instance: Instance) -> Func:
    """The exported function `_start`, without parameters and results; null if there is none."""
    m = instance.module
    for i in span(m.export_count):
        item = m.exports[i]
        if item.kind == EXTERN_FUNC and is_named(m, item.name, cast(Ptr[u8], START), START_SIZE):
            func = cast(Func, instance.functions[item.index])
            return func if func.param_count + func.result_count == 0 else null(Func)
    return null(Func)


@kernel(export="fusee_trap_exit_status")
def trap_exit_status(trap: Trap, out: Ptr[u32]) -> bool:
    """Whether a trap is the program's exit, and with which status."""
    if is_null(trap) or not trap.is_exit:
        return False
    out[0] = trap.exit_status
    return True
