"""Resources, and the handles that refer to them (Explainer, "Type Definitions": `resource`, `own`, `borrow`)."""

from collections.abc import Callable
from typing import Any, Final, SupportsIndex

from fusee.api.errors import WasmtimeError
from fusee.api.managed import integer_of
from fusee.component.types.valtype import BORROW, HANDLE, NotMade, ValType

_BITS: Final = 32


def number_of(value: SupportsIndex) -> int:
    """A number that the host has for a resource, or for a type of resources, as C has it: without a sign.

    Raises `ArgumentError` unless it is an int; `WasmtimeError` if it does not fit 32 bits.
    """
    number = integer_of(value)
    if not -(1 << _BITS - 1) <= number < 1 << _BITS:
        raise WasmtimeError(f"a resource's number has {_BITS} bits, and {number:#x} has not")
    return number % (1 << _BITS)


class ResourceType(NotMade):
    """A resource, which handles refer to. Each instance of a component has its own of those that it defines."""

    __slots__ = ("__weakref__", "_destructor", "_host", "_impl", "_name")

    _host: int | None
    _name: str
    _destructor: "Callable[[int, Any], None] | None"
    """What ends a resource, given its number and the component instance that drops it, or None."""
    _impl: object
    """The component instance that defines it, at run time; None for the host."""

    @classmethod
    def host(cls, val: int) -> "ResourceType":
        """A resource of the host's; all that are made with the same number, an int of 32 bits, are equal.

        Raises `ArgumentError` unless it is an int; `WasmtimeError` if it does not fit 32 bits.
        """
        number = number_of(val)
        made = cls._fresh(f"host resource {number}")
        made._host = number
        return made

    @classmethod
    def _fresh(cls, name: str) -> "ResourceType":
        """A resource that no other one is equal to."""
        made = cls.__new__(cls)
        made._host = made._destructor = made._impl = None
        made._name = name
        return made

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, ResourceType) and self._host is not None and self._host == other._host

    def __hash__(self) -> int:
        return hash(self._host) if self._host is not None else object.__hash__(self)

    def __repr__(self) -> str:
        return f"<ResourceType {self._name}>"


class HandleType(ValType):
    """`own<R>` or `borrow<R>`."""

    __slots__ = ("_ty",)
    _own_classes = ("resource",)

    def _set(self, ty: ResourceType) -> None:
        self._ty = ty

    def __init__(self, ty: ResourceType) -> None:
        """A handle to the `ResourceType` `ty`."""
        self._set(ty)
        self._finish()

    @property
    def ty(self) -> ResourceType:
        """The `ResourceType` that it refers to."""
        return self._ty

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, HandleType) and type(self) is type(other) and self._ty == other._ty)

    def __hash__(self) -> int:
        return hash((type(self), self._ty))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._ty!r})"


class OwnType(HandleType):
    """`own<R>`: a `ResourceAny` that is `owned`."""

    __slots__ = ()
    _own_flags = HANDLE


class BorrowType(HandleType):
    """`borrow<R>`: a `ResourceAny` that is not `owned`, and good as long as the call lasts."""

    __slots__ = ()
    _own_flags = HANDLE | BORROW
