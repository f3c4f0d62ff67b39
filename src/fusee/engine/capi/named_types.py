"""Types of imports and exports: those of externs, with names."""

from fusee.engine.capi.blocks import copy_to_bytes, delete_block, delete_bytes, new_block
from fusee.engine.capi.state import ExternType, NamedType, Vector
from fusee.engine.capi.types import copy_externtype, delete_externtype, move_vector
from fusee.kernel.lang import Ptr, address, cast, is_null, kernel, null, size_of, u8, usize


@kernel
def delete_named(type: usize) -> None:  # noqa: A002
    """End an import's or export's type; nothing if it is null."""
    if type != 0:
        of = cast(NamedType, type)
        delete_bytes(of.module)
        delete_bytes(of.name)
        delete_externtype(address(of.type))
        delete_block(cast(Ptr[u8], of))


@kernel
def new_named(module: Vector, name: Vector, type: ExternType) -> NamedType:  # noqa: A002
    """An import's or export's type, which takes over `type` and copies the names; null if there is no memory."""
    made = cast(NamedType, new_block(usize(size_of(NamedType))))
    if is_null(made):
        delete_externtype(address(type))
        return made
    made.type = type
    has_module = copy_to_bytes(made.module, module.data, module.size)
    if is_null(type) or not has_module or not copy_to_bytes(made.name, name.data, name.size):
        delete_named(address(made))
        return null(NamedType)
    return made


@kernel(export="wasm_importtype_new")
def new_importtype(module: Vector, name: Vector, type: ExternType) -> NamedType:  # noqa: A002
    """Takes over all three; null if there is no memory, or the type is null for want of it."""
    made = cast(NamedType, new_block(usize(size_of(NamedType))))
    if is_null(made) or is_null(type):
        delete_bytes(module)
        delete_bytes(name)
        delete_externtype(address(type))
        delete_block(cast(Ptr[u8], made))
        return null(NamedType)
    move_vector(made.module, module)
    move_vector(made.name, name)
    made.type = type
    return made


@kernel(export="wasm_exporttype_new")
def new_exporttype(name: Vector, type: ExternType) -> NamedType:  # noqa: A002
    return new_importtype(null(Vector), name, type)


@kernel
def copy_named(type: usize) -> usize:  # noqa: A002
    if type == 0:
        return type
    of = cast(NamedType, type)
    copy = cast(ExternType, copy_externtype(address(of.type)))
    if is_null(copy):
        return usize(0)
    return address(new_named(of.module, of.name, copy))


@kernel(export="wasm_importtype_module")
def importtype_module(type: NamedType) -> Vector:  # noqa: A002
    return null(Vector) if is_null(type) else type.module


@kernel
def named_name(type: NamedType) -> Vector:  # noqa: A002
    """`wasm_importtype_name` and `wasm_exporttype_name`."""
    return null(Vector) if is_null(type) else type.name


@kernel
def named_type(type: NamedType) -> ExternType:  # noqa: A002
    """`wasm_importtype_type` and `wasm_exporttype_type`."""
    return null(ExternType) if is_null(type) else type.type
