"""Between Python objects and the engine's references, of all hierarchies. `values.Row` has it of its store."""

from typing import TYPE_CHECKING, Any

from fusee.api.errors import ArgumentError, StoreError
from fusee.api.func import Func
from fusee.api.managed import shown
from fusee.api.references import from_any, to_any
from fusee.api.types import ValType

if TYPE_CHECKING:
    from fusee.api.store import Store


def to_reference(store: "Store", type: ValType, value: Any) -> int:  # noqa: A002
    """The engine's reference for a Python object."""
    if value is None:
        if not type.is_nullable:
            raise ArgumentError(f"{type} has no null")
        return 0
    if type.is_function:
        if not isinstance(value, Func):
            raise ArgumentError(f"expected a Func for {type}, not {shown(value)}")
        if value._store is not store:
            raise StoreError("the function belongs to another store")
        if not value._matches(type):
            raise ArgumentError(f"a function of type {value.type(store)} is not a {type}")
        return value._address
    if type.is_exception:
        from fusee.api.exception import WasmException

        if isinstance(value, WasmException) and type.heap == "exn":
            return value._reference(store)
        raise ArgumentError(f"expected a WasmException for {type}, not {shown(value)}")
    return to_any(store, type, value)


def from_reference(store: "Store", type: ValType, reference: int) -> Any:  # noqa: A002
    """The Python object for one of the engine's references."""
    if reference == 0:
        return None
    if type.is_function:
        return Func._from_address(store, reference)
    if type.is_exception:
        from fusee.api.exception import WasmException

        return WasmException._of(store, reference)
    return from_any(store, reference)
