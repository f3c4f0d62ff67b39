"""Data of the program itself: constant tables, and cells that it may write."""

from collections.abc import Iterable
from typing import Any, TypeVar, get_origin, overload

from fusee.kernel.faults import BoundsFault
from fusee.kernel.integer import Integer, Scalar
from fusee.kernel.pointer import CodeAddress, Fn, Ptr
from fusee.kernel.space import current_space

T = TypeVar("T")


class ConstantTable(Ptr[T]):
    """Read-only data of a module. Where the pointer itself is needed, the current space is given a copy."""

    __slots__ = ("_typed", "element_type", "is_mutable", "values")

    def __init__(self, element_type: Any, values: Iterable[Any], is_mutable: bool = False) -> None:
        self.element_type = element_type
        self.is_mutable = is_mutable
        self.values: tuple[Any, ...] = tuple(_plain(value) for value in values)
        """Numbers (of a `v128` the bit pattern), or `Fn`s and `None`."""
        self._typed = tuple(_typed(element_type, value) for value in self.values)

    def __getattr__(self, name: str) -> Any:  # codec, region and address, which are the space's
        if name not in ("codec", "region", "address"):
            raise AttributeError(name)
        from fusee.kernel.arena import SimulatedSpace  # of un-compiled runs, which a start does without

        space = current_space()
        if not isinstance(space, SimulatedSpace):
            raise RuntimeError("a table has an address in simulated memory and in native code only")
        return getattr(space.constant(self.element_type, self._typed, self.is_mutable), name)

    def __getitem__(self, index: Integer | int) -> T:
        if self.is_mutable:
            return super().__getitem__(index)
        number = index.__index__()
        if not 0 <= number < len(self._typed):
            raise BoundsFault(f"element {number} of {self!r}")
        element: T = self._typed[number]
        return element

    def __repr__(self) -> str:
        name = getattr(self.element_type, "__name__", self.element_type)
        return f"a table of {len(self.values)} {name}"


def _plain(value: Any) -> Any:
    if isinstance(value, Scalar):
        return value.value if hasattr(value, "value") else value.to_bits()
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _typed(element_type: Any, value: Any) -> Any:
    if get_origin(element_type) is Fn:
        if value is not None and not isinstance(value, Fn):
            raise TypeError(f"{value!r} is not a kernel")
        return CodeAddress(0) if value is None else value
    if element_type is bool:
        return bool(value)
    if not (isinstance(element_type, type) and issubclass(element_type, Scalar)):
        raise TypeError(f"a table of {element_type!r}: only scalars and Fn")
    if issubclass(element_type, Integer):
        if not element_type.minimum() <= value <= element_type.maximum():
            raise OverflowError(f"{value} does not fit in {element_type.__name__}")
        return element_type.wrap(value)
    return element_type(value) if element_type.bits < 128 else element_type.from_bits(value)  # type: ignore[call-arg]


@overload
def table(kind: type[Fn[..., Any]], values: Iterable[Any]) -> Ptr[Any]: ...
@overload
def table(kind: type[T], values: Iterable[T | float]) -> Ptr[T]: ...
def table(kind: Any, values: Iterable[Any]) -> Ptr[Any]:
    """Constant data: `NAME = table(u16, [1, 2, 3])`, or addresses of kernels with `None` for null."""
    return ConstantTable(kind, values)


def cells(kind: type[T], count: int) -> Ptr[T]:
    """Zeroed memory that the program has for as long as it is loaded: `NAME = cells(usize, 4)`.

    Only one kernel may mention it, which must be `cold`: every part of a program has data of its own.
    """
    return ConstantTable(kind, [0] * count, is_mutable=True)
