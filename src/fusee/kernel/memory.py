"""What kernels do with memory beyond indexing, and views of memory for ordinary Python."""

from typing import Any, TypeVar, get_args, get_origin

from fusee.kernel.codec import element_codec, make_reference, value_codec
from fusee.kernel.faults import BoundsFault
from fusee.kernel.integer import Integer, Scalar
from fusee.kernel.layout import element_extent, layout
from fusee.kernel.pointer import CodeAddress, Fn, Ptr
from fusee.kernel.registers import null_of
from fusee.kernel.scalars import u8, usize
from fusee.kernel.space import HOST, Region, Space, current_space
from fusee.kernel.structs import StructReference, is_struct

T = TypeVar("T")


def _place(x: object) -> tuple[Region, int]:
    """Where a pointer, reference, function pointer or `usize` points."""
    if isinstance(x, Ptr):
        return x.region, x.address
    if isinstance(x, StructReference):
        return x._region, x._address
    space = current_space()
    if x.__class__ is usize:
        return space.region_at(x.value), x.value
    if isinstance(x, Fn):
        return space, space.function_address(x)
    raise TypeError(f"{x!r} is no pointer, reference or usize")


def cast(kind: type[T], x: object) -> T:
    """Reinterpret a pointer, struct reference, function pointer or `usize` as another of these."""
    region, address = _place(x)
    space = region.space
    if is_struct(kind):
        result: Any = make_reference(kind, space.target, region, address)
    elif get_origin(kind) is Ptr:
        result = Ptr.make(element_codec(get_args(kind)[0], space.target), region, address)
    elif get_origin(kind) is Fn:
        result = space.function_at(address) if address else CodeAddress(0)
    else:
        raise TypeError(f"cast to {kind!r}: use address() or a conversion")
    return result  # type: ignore[no-any-return]


def address(x: object) -> usize:
    """The address of a pointer, struct reference or function pointer."""
    return usize.wrap(_place(x)[1])


def null(kind: type[T]) -> T:
    """The null pointer, reference or function pointer of a type."""
    result: T = null_of(kind)
    return result


def is_null(x: object) -> bool:
    """Whether a pointer, reference or function pointer is null."""
    if isinstance(x, Fn):
        return isinstance(x, CodeAddress) and x.address == 0
    return _place(x)[1] == 0


def diff(p: Ptr[T], q: Ptr[T]) -> usize:
    """`p - q` in elements, for two pointers into one array."""
    if p.region is not q.region:
        raise BoundsFault(f"diff of {p!r} and {q!r}, which point into different allocations")
    return usize.wrap((p.address - q.address) // p.codec.size)


def _bytes_pointer(p: Ptr[u8]) -> Ptr[u8]:
    if p.codec.type is not u8:
        raise TypeError(f"Ptr[u8] wanted, not {p!r}")
    return p


def load(kind: type[T], p: Ptr[u8]) -> T:
    """Read a value at any address, aligned or not."""
    value: T = value_codec(kind, p.region.space.target, aligned=False).load(_bytes_pointer(p).region, p.address)
    return value


def load_invariant(kind: type[T], p: Ptr[u8]) -> T:
    """`load`, where nothing that the kernel does until it is over changes what is there: it may be read later."""
    return load(kind, p)


def store(p: Ptr[u8], x: object) -> None:
    """Write a scalar at any address, aligned or not."""
    if not isinstance(x, Scalar | bool):
        raise TypeError(f"store of {x!r}: only scalars")
    value_codec(type(x), p.region.space.target, aligned=False).store(_bytes_pointer(p).region, p.address, x)


def copy_bytes(dst: Ptr[u8], src: Ptr[u8], n: usize | int) -> None:
    """Copy `n` bytes; the two ranges may overlap."""
    write_bytes(dst, read_bytes(src, n))


def fill_bytes(dst: Ptr[u8], byte: u8 | int, n: usize | int) -> None:
    """Set `n` bytes to `byte`."""
    write_bytes(dst, bytes([byte]) * int(n))


def size_of(kind: Any) -> int:
    """The size in bytes of a type, or of a struct itself, on the current target."""
    return element_extent(kind, current_space().target).size


def offset_of(declaration: type, field: str) -> int:
    """Where a struct's field is on the current target, in bytes."""
    return layout(declaration, current_space().target).fields[field].offset


def read_bytes(p: Ptr[u8], n: Integer | int) -> bytes:
    """Ordinary Python: a copy of `n` bytes."""
    size = int(n)
    return bytes(_bytes_pointer(p).region.read(p.address, size)) if size else b""


def write_bytes(p: Ptr[u8], data: bytes) -> None:
    """Ordinary Python: replace bytes."""
    if data:
        _bytes_pointer(p).region.write(p.address, data)


def view(declaration: type[T], address: Integer | int, space: Space = HOST) -> T:
    """Ordinary Python: the struct at an address, by default of this process's memory, in the target's layout."""
    number = int(address)
    result: T = make_reference(declaration, space.target, space.region_at(number), number)
    return result


def view_array(element: type[T], address: Integer | int, space: Space = HOST) -> Ptr[T]:
    """Ordinary Python: a pointer to the elements at an address."""
    number = int(address)
    return Ptr.make(element_codec(element, space.target), space.region_at(number), number)
