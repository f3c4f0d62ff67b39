"""What functions, globals, tables, memories and tags have in common."""

from fusee.engine.capi.func import func_type
from fusee.engine.capi.globals import global_type
from fusee.engine.capi.memory import memory_type
from fusee.engine.capi.state import KIND_FUNC, KIND_GLOBAL, KIND_MEMORY, KIND_TABLE, KIND_TAG, ExternType, Ref
from fusee.engine.capi.table import table_type
from fusee.engine.capi.tag import tag_type
from fusee.kernel.lang import is_null, kernel, null


@kernel(export="wasm_extern_type")
def extern_type(ref: Ref) -> ExternType:
    if is_null(ref):
        return null(ExternType)
    if ref.kind == KIND_FUNC:
        return func_type(ref)
    if ref.kind == KIND_GLOBAL:
        return global_type(ref)
    if ref.kind == KIND_TABLE:
        return table_type(ref)
    if ref.kind == KIND_MEMORY:
        return memory_type(ref)
    return tag_type(ref) if ref.kind == KIND_TAG else null(ExternType)
