"""Modules: compiled from bytes, which they keep a copy of."""

from typing import Final

from fusee.engine.capi.blocks import copy_to_bytes, delete_block, new_block
from fusee.engine.capi.messages import OUT_OF_MEMORY
from fusee.engine.capi.refs import drop_module
from fusee.engine.capi.state import (
    KIND_FUNC,
    KIND_GLOBAL,
    KIND_MEMORY,
    KIND_OTHER,
    KIND_TABLE,
    EngineObject,
    ExternType,
    ModuleObject,
    StoreObject,
    Vector,
)
from fusee.engine.capi.types import (
    delete_named,
    new_externtype,
    new_named,
    read_content_type,
    read_functype,
    read_limits,
)
from fusee.engine.capi.vectors import delete_vector, new_elements, pointers
from fusee.engine.decode.module import decode_module, release_module
from fusee.engine.errors import Exhausted, raise_again
from fusee.engine.registry import TypeRegistry
from fusee.engine.runtime.holdings import Limit
from fusee.engine.state.module import EXTERN_FUNC, EXTERN_GLOBAL, EXTERN_MEMORY, EXTERN_TABLE, Module, Span
from fusee.engine.validate.module import validate_module
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
    table,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip
from fusee.spec.features import WASM_3
from fusee.spec.limits import MAX_MODULE_BYTES

FEATURES: Final = int(WASM_3)
KINDS = table(u8, [KIND_FUNC, KIND_TABLE, KIND_MEMORY, KIND_GLOBAL, KIND_OTHER])
"""C's numbers of the kinds, by the binary format's."""


@kernel(export="wasm_module_new")
def new_module(store: StoreObject, binary: Vector) -> ModuleObject:
    """Null if the bytes are no valid module, or there is no memory; `fusee_store_error` says which."""
    made = cast(ModuleObject, new_block(usize(size_of(ModuleObject))))
    if is_null(made):
        store.status = u64(OUT_OF_MEMORY)
        return made
    made.engine = store.engine
    made.count = u32(1)
    store.status = caught(load_module, made, binary)
    if store.status != 0:
        delete_block(made.source)
        delete_block(cast(Ptr[u8], made))
        return null(ModuleObject)
    store.engine.count += 1
    return made


@kernel
def load_module(made: ModuleObject, binary: Vector) -> None:
    copy = stack_array(Vector, 1)[0]
    size = binary.size
    if u64(size) > MAX_MODULE_BYTES:
        size = usize(MAX_MODULE_BYTES + 1)  # the decoder says why that is too much
    if not copy_to_bytes(copy, binary.data, size):
        raise Exhausted(Limit.SYSTEM, 0)
    made.source = copy.data
    made.module = compiled(made.engine, copy.data, u32(size))


@kernel
def compiled(object: EngineObject, source: Ptr[u8], size: u32) -> Module:  # noqa: A002
    """Decode and validate, leaving nothing behind if that fails."""
    opened = object.engine
    registry = cast(TypeRegistry, opened.registry)
    m = decode_module(registry, opened.platform, source, size, u64(FEATURES))
    status = caught(validate_module, m)
    if status != 0:
        release_module(m)
        raise_again(status)
    return m


@kernel(export="wasm_module_validate")
def validate(store: StoreObject, binary: Vector) -> bool:
    """Whether `wasm_module_new` would take these bytes."""
    made = new_module(store, binary)
    is_valid = not is_null(made)
    delete_module(made)
    return is_valid


@kernel(export="wasm_module_delete")
def delete_module(module: ModuleObject) -> None:
    if not is_null(module):
        drop_module(module)


@kernel(export="wasm_module_copy")
def copy_module(module: ModuleObject) -> ModuleObject:
    module.count += 1
    return module


@kernel(export="wasm_module_serialize")
def serialize(module: ModuleObject, out: Vector) -> None:
    """The binary itself: there is no quicker form."""
    copy_to_bytes(out, module.source, usize(module.module.source_size))


@kernel(export="wasm_module_imports")
def module_imports(module: ModuleObject, out: Vector) -> None:
    """The types of the imports; empty if there is no memory."""
    m = module.module
    if not new_elements(out, usize(m.import_count), usize(size_of(usize))):
        return
    for i in span(m.import_count):
        item = m.imports[i]
        pointers(out)[i] = named(m, item.module, item.name, extern_type(m, item.kind, item.index))
        if pointers(out)[i] == 0:
            delete_vector(out, delete_named)
            return


@kernel(export="wasm_module_exports")
def module_exports(module: ModuleObject, out: Vector) -> None:
    """The types of the exports; empty if there is no memory."""
    m = module.module
    if not new_elements(out, usize(m.export_count), usize(size_of(usize))):
        return
    none = stack_array(Span, 1)[0]
    none.start = u32(0)
    none.end = u32(0)
    for i in span(m.export_count):
        item = m.exports[i]
        pointers(out)[i] = named(m, none, item.name, extern_type(m, item.kind, item.index))
        if pointers(out)[i] == 0:
            delete_vector(out, delete_named)
            return


@kernel
def named(m: Module, module: Span, name: Span, type: ExternType) -> usize:  # noqa: A002
    """An import's or export's type, or 0."""
    names = stack_array(Vector, 2)
    names[0].size = usize(module.end - module.start)
    names[0].data = m.source + module.start
    names[1].size = usize(name.end - name.start)
    names[1].data = m.source + name.start
    return address(new_named(names[0], names[1], type))


@kernel
def extern_type(m: Module, kind: u32, index: u32) -> ExternType:
    """The type of what is at a place of a module's index spaces; null if there is no memory."""
    made = null(ExternType)
    if kind == EXTERN_FUNC:
        made = read_functype(m, m.func_types[index])
    elif kind == EXTERN_TABLE:
        limits = m.tables[index].limits
        made = read_content_type(u32(KIND_TABLE), m.tables[index].element)
        read_limits(made, limits.minimum, limits.has_maximum, limits.maximum)
    elif kind == EXTERN_MEMORY:
        limits = m.memories[index].limits
        made = new_externtype(u32(KIND_MEMORY))
        read_limits(made, limits.minimum, limits.has_maximum, limits.maximum)
    elif kind == EXTERN_GLOBAL:
        made = read_content_type(u32(KIND_GLOBAL), m.globals[index].value_type)
        if not is_null(made):
            made.is_mutable = m.globals[index].is_mutable
    else:
        made = new_externtype(u32(KIND_OTHER))
    return made
