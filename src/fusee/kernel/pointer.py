"""Pointers to data and to code, as values under CPython."""

from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar

from fusee.kernel.faults import NullFault, WildFault
from fusee.kernel.integer import Integer
from fusee.kernel.space import Region

if TYPE_CHECKING:
    from fusee.kernel.codec import Codec

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R", covariant=True)

_new = object.__new__


class Ptr(Generic[T]):
    """The address of an array of `T`."""

    __slots__ = ("address", "codec", "region")
    codec: "Codec"  # of one element
    region: Region
    address: int

    @staticmethod
    def make(codec: "Codec", region: Region, address: int) -> "Ptr[T]":
        """A pointer to elements of `codec` that may access `region`."""
        result: Ptr[T] = _new(Ptr)
        result.codec = codec
        result.region = region
        result.address = address
        return result

    def _element(self, index: Integer | int) -> int:
        number = index if index.__class__ is int else index.__index__()
        return self.address + number * self.codec.size

    def __getitem__(self, index: Integer | int) -> T:
        element: T = self.codec.load(self.region, self._element(index))
        return element

    def __setitem__(self, index: Integer | int, value: T) -> None:
        self.codec.store(self.region, self._element(index), value)

    def __add__(self, count: Integer | int) -> "Ptr[T]":
        return Ptr.make(self.codec, self.region, self._element(count))

    def __sub__(self, count: Integer | int) -> "Ptr[T]":
        return Ptr.make(self.codec, self.region, self.address - count.__index__() * self.codec.size)

    def __eq__(self, other: object) -> bool:
        return self.address == other.address if isinstance(other, Ptr) else NotImplemented

    def __lt__(self, other: "Ptr[T]") -> bool:
        return self.address < other.address

    def __le__(self, other: "Ptr[T]") -> bool:
        return self.address <= other.address

    def __gt__(self, other: "Ptr[T]") -> bool:
        return self.address > other.address

    def __ge__(self, other: "Ptr[T]") -> bool:
        return self.address >= other.address

    def __hash__(self) -> int:
        return hash(self.address)

    def __bool__(self) -> bool:
        raise TypeError("a pointer is not a condition: write `is_null(p)`")

    def __repr__(self) -> str:
        return f"Ptr[{getattr(self.codec.type, '__name__', self.codec.type)}]({self.address:#x})"


class Fn(Generic[P, R]):
    """A pointer to a kernel. Under CPython it is the kernel itself."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        raise NotImplementedError


class CodeAddress(Fn[P, R]):
    """A function pointer that stands for no Python function: null, or native code."""

    def __init__(self, address: int) -> None:
        self.address = address

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if self.address == 0:
            raise NullFault("call through a null function pointer")
        raise WildFault(f"call of {self.address:#x}, where there is no un-compiled function")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CodeAddress) and self.address == other.address

    def __hash__(self) -> int:
        return hash(self.address)

    def __repr__(self) -> str:
        return f"CodeAddress({self.address:#x})"
