"""Register records under CPython: plain objects, copied where machine code passes them by value."""

from typing import Any, TypeVar, get_origin

from fusee.kernel.codec import element_codec, make_reference
from fusee.kernel.pointer import CodeAddress, Fn, Ptr
from fusee.kernel.space import NULL, current_space
from fusee.kernel.structs import C, StructInfo, is_struct, mark_declaration, struct_info

T = TypeVar("T")


def registers(declaration: C) -> C:
    """Declare a record of scalars and pointers that a handler keeps in machine registers."""
    mark_declaration(declaration, "registers")
    declaration.__init__ = _clear  # type: ignore[misc]
    return declaration


def registers_info(declaration: type) -> StructInfo:
    """The fields of a register record, in order."""
    return struct_info(declaration)


def copy_registers(record: T) -> T:
    """A record with the same fields."""
    copy = object.__new__(type(record))
    copy.__dict__.update(record.__dict__)
    return copy


def null_of(kind: Any) -> Any:
    """The null pointer, reference or function pointer of a type."""
    target = current_space().target
    if is_struct(kind):
        return make_reference(kind, target, NULL, 0)
    if get_origin(kind) is Fn:
        return CodeAddress(0)
    if get_origin(kind) is Ptr:
        return Ptr.make(element_codec(kind.__args__[0], target), NULL, 0)
    raise TypeError(f"{kind!r} has no null")


def zero_of(kind: Any) -> Any:
    """A type's value whose bits are all zero."""
    if kind is bool:
        return False
    return kind.from_bits(0) if hasattr(kind, "from_bits") else null_of(kind)


def _clear(self: object) -> None:
    self.__dict__.update({field.name: zero_of(field.type) for field in registers_info(type(self)).fields})
