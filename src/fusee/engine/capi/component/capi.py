"""The functions of the C API that this part calls. Handles of externs are handles of functions and memories, too."""

from fusee.engine.capi.state import Trap, Vector
from fusee.kernel.lang import Ptr, kernel, null, u8, usize


@kernel(external="wasm_byte_vec_new_uninitialized")
def new_bytes(out: Vector, size: usize) -> None:
    return


@kernel(external="wasm_byte_vec_delete")
def delete_bytes(vector: Vector) -> None:
    return


@kernel(external="wasm_trap_new")
def new_trap(store: usize, message: Vector) -> Trap:
    return null(Trap)


@kernel(external="wasm_trap_delete")
def delete_trap(trap: Trap) -> None:
    return


@kernel(external="fusee_store_error")
def store_error(store: usize, out: Vector) -> None:
    return


@kernel(external="wasm_foreign_new")
def new_foreign(store: usize) -> usize:
    return usize(0)


@kernel(external="wasm_foreign_delete")
def delete_foreign(foreign: usize) -> None:
    return


@kernel(external="wasm_module_new")
def new_module(store: usize, binary: Vector) -> usize:
    return usize(0)


@kernel(external="wasm_module_delete")
def delete_module(module: usize) -> None:
    return


@kernel(external="wasm_instance_new")
def new_instance(store: usize, module: usize, imports: Vector, trap: Ptr[usize]) -> usize:
    return usize(0)


@kernel(external="wasm_instance_delete")
def delete_instance(instance: usize) -> None:
    return


@kernel(external="wasm_instance_exports")
def instance_exports(instance: usize, out: Vector) -> None:
    return


@kernel(external="wasm_extern_vec_delete")
def delete_externs(vector: Vector) -> None:
    return


@kernel(external="wasm_valtype_new")
def new_valtype(kind: u8) -> usize:
    return usize(0)


@kernel(external="wasm_valtype_vec_new_uninitialized")
def new_valtypes(out: Vector, count: usize) -> None:
    return


@kernel(external="wasm_valtype_vec_delete")
def delete_valtypes(vector: Vector) -> None:
    return


@kernel(external="wasm_functype_new")
def new_functype(params: Vector, results: Vector) -> usize:
    return usize(0)


@kernel(external="wasm_functype_delete")
def delete_functype(type_: usize) -> None:
    return


@kernel(external="wasm_func_new_with_env")
def new_func(store: usize, type_: usize, callback: usize, environment: usize, finalizer: usize) -> usize:
    return usize(0)


@kernel(external="wasm_func_delete")
def delete_func(func: usize) -> None:
    return


@kernel(external="wasm_func_call")
def call_func(func: usize, arguments: Vector, results: Vector) -> Trap:
    return null(Trap)


@kernel(external="wasm_memory_data")
def memory_data(memory: usize) -> Ptr[u8]:
    return null(Ptr[u8])


@kernel(external="wasm_memory_data_size")
def memory_size(memory: usize) -> usize:
    return usize(0)
