"""Modules: compiled from bytes, which they keep a copy of."""

from typing import Final

from fusee.engine.capi.blocks import copy_to_bytes, delete_block, new_block, new_bytes
from fusee.engine.capi.counts import drop_module, drop_source, hold_source, link
from fusee.engine.capi.engine_types import declared_valtype, read_functype, read_limits, read_memorytype
from fusee.engine.capi.messages import MISSING, OUT_OF_MEMORY
from fusee.engine.capi.named_types import delete_named, new_named
from fusee.engine.capi.state import (
    KIND_FUNC,
    KIND_GLOBAL,
    KIND_MEMORY,
    KIND_MODULE,
    KIND_TABLE,
    KIND_TAG,
    ExternType,
    ModuleObject,
    Source,
    StoreObject,
    Vector,
)
from fusee.engine.capi.types import new_content_type, new_tagtype
from fusee.engine.capi.vectors import delete_vector, length, new_elements, pointers
from fusee.engine.decode.module import decode_module, release_module
from fusee.engine.errors import Invalid, raise_again
from fusee.engine.interpreter import close_module
from fusee.engine.natives.linked import use_linked
from fusee.engine.present import HAS_NATIVE
from fusee.engine.registry import TypeRegistry
from fusee.engine.state.module import EXTERN_FUNC, EXTERN_GLOBAL, EXTERN_MEMORY, EXTERN_TABLE, Module, Span
from fusee.engine.validate.module import validate_module
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    caught,
    copy_bytes,
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
from fusee.spec.errors import ModuleError
from fusee.spec.features import DEFAULT_FEATURES
from fusee.spec.limits import MAX_MODULE_BYTES

FEATURES: Final = u64(int(DEFAULT_FEATURES))
KINDS = table(u8, [KIND_FUNC, KIND_TABLE, KIND_MEMORY, KIND_GLOBAL, KIND_TAG])
"""C's numbers of the kinds, by the binary format's."""


@kernel
def new_module(store: StoreObject, binary: Vector) -> ModuleObject:
    """`wasm_module_new`; and `wasm_module_deserialize`, as a binary is all that there is to a serialised module.

    Null if the bytes are no valid module, or there is no memory; `fusee_store_error` says which.
    """
    if is_null(store):
        return null(ModuleObject)
    source = null(Source)
    store.status = MISSING
    if not is_null(binary):
        store.status = caught(check_size, length(binary))
        source = new_source(binary) if store.status == 0 else source
        if is_null(source) and store.status == 0:
            store.status = OUT_OF_MEMORY
    return null(ModuleObject) if is_null(source) else module_of(store, source)


@kernel
def check_size(size: usize) -> None:
    """Before it is copied."""
    if u64(size) > MAX_MODULE_BYTES:
        raise Invalid(ModuleError.LIMIT_MODULE_SIZE, 0)


@kernel
def new_source(binary: Vector) -> Source:
    """A copy; null if there is no memory."""
    size = length(binary)
    made = cast(Source, new_block(usize(size_of(Source)) + size))
    if not is_null(made):
        made.count = u32(1)
        made.size = u32(size)
        if size != 0:
            copy_bytes(bytes_of(made), binary.data, size)
    return made


@kernel(inline=True)
def bytes_of(source: Source) -> Ptr[u8]:
    return cast(Ptr[u8], source) + size_of(Source)


@kernel
def module_of(store: StoreObject, source: Source) -> ModuleObject:
    """A module of the store's world, which takes over a reference to `source`; null as `new_module` is."""
    made = cast(ModuleObject, new_block(usize(size_of(ModuleObject))))
    store.status = OUT_OF_MEMORY
    if not is_null(made):
        made.kind = KIND_MODULE
        made.count = u32(1)
        made.world = store.world
        made.source = source
        store.status = caught(load_module, made)
    if store.status != 0:
        drop_source(address(source))
        delete_block(cast(Ptr[u8], made))
        return null(ModuleObject)
    link(made)
    return made


@kernel
def load_module(made: ModuleObject) -> None:
    """Decode and validate, leaving nothing behind if that fails."""
    opened = made.world.engine
    registry = cast(TypeRegistry, opened.registry)
    m = decode_module(registry, opened.platform, bytes_of(made.source), made.source.size, FEATURES)
    status = caught(validate_module, m)
    if status != 0:
        release_module(m)
        raise_again(status)
    if HAS_NATIVE:
        status = caught(use_linked, opened, m)
        if status != 0:
            close_module(m)
            raise_again(status)
    made.module = m


@kernel(export="wasm_module_validate")
def validate(store: StoreObject, binary: Vector) -> bool:
    """Whether `wasm_module_new` would take these bytes."""
    made = new_module(store, binary)
    is_valid = not is_null(made)
    if is_valid:
        drop_module(made)
    return is_valid


@kernel(export="wasm_module_serialize")
def serialize(module: ModuleObject, out: Vector) -> None:
    """The binary itself: there is no quicker form."""
    if is_null(module):
        new_bytes(out, usize(0))
    else:
        copy_to_bytes(out, bytes_of(module.source), module.source.size)


# Between threads: only the binary is shared, and counted atomically.


@kernel(export="wasm_module_share")
def share(module: ModuleObject) -> Source:
    return null(Source) if is_null(module) else hold_source(module.source)


@kernel(export="wasm_module_obtain")
def obtain(store: StoreObject, source: Source) -> ModuleObject:
    """A module of this store's, made of the same binary; null if there is no memory."""
    if is_null(store) or is_null(source):
        return null(ModuleObject)
    return module_of(store, hold_source(source))


@kernel(export="wasm_module_imports")
def module_imports(module: ModuleObject, out: Vector) -> None:
    """The types of the imports; empty if there is no memory."""
    if is_null(module):
        new_elements(out, usize(0), usize(size_of(usize)))
        return
    m = module.module
    if not new_elements(out, m.import_count, usize(size_of(usize))):
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
    if is_null(module):
        new_elements(out, usize(0), usize(size_of(usize)))
        return
    m = module.module
    if not new_elements(out, m.export_count, usize(size_of(usize))):
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
        made = new_content_type(KIND_TABLE, declared_valtype(m, m.tables[index].element))
        read_limits(made, limits.minimum, limits.has_maximum, limits.maximum, limits.is_64)
    elif kind == EXTERN_MEMORY:
        limits = m.memories[index].limits
        made = read_memorytype(limits.minimum, limits.has_maximum, limits.maximum, limits.is_shared, limits.is_64)
    elif kind == EXTERN_GLOBAL:
        made = new_content_type(KIND_GLOBAL, declared_valtype(m, m.globals[index].value_type))
        if not is_null(made):
            made.is_mutable = m.globals[index].is_mutable
    else:
        made = new_tagtype(read_functype(m, m.tags[index]))
    return made
