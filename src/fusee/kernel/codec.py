"""How values of each type are read from and written to memory.

A codec is a pair of closures for one type and one target, made once; `load` and `store` are all
that an un-compiled access costs.
"""

from collections.abc import Callable
from typing import Any, get_args, get_origin

from fusee.kernel.integer import Integer, Scalar
from fusee.kernel.layout import Extent, cached, element_extent, layout, value_extent
from fusee.kernel.pointer import CodeAddress, Fn, Ptr
from fusee.kernel.space import NULL, Region, Space
from fusee.kernel.structs import FieldKind, StructReference, is_struct
from fusee.kernel.target import Target

_new = object.__new__

Load = Callable[[Region, int], Any]
Store = Callable[[Region, int, Any], None]


class Codec:
    """Reads and writes one type."""

    __slots__ = ("load", "size", "store", "type")

    def __init__(self, kind: Any, size: int, load: Load, store: Store) -> None:
        self.type = kind
        self.size = size
        self.load = load
        self.store = store


@cached
def value_codec(kind: Any, target: Target, aligned: bool = True) -> Codec:
    """The codec of a type as fields and variables have it: a struct stands for a reference to it."""
    extent = value_extent(kind, target)
    mask = extent.alignment - 1 if aligned else 0
    if is_struct(kind):
        return _reference_codec(kind, target, extent, mask)
    origin = get_origin(kind)
    if origin is Ptr:
        return _pointer_codec(kind, target, extent, mask)
    if origin is Fn:
        return _function_codec(kind, extent, mask)
    if kind is bool:
        return _bool_codec()
    if issubclass(kind, Integer):
        return _integer_codec(kind, extent.size, mask)
    return _pattern_codec(kind, extent.size, mask)


@cached
def element_codec(kind: Any, target: Target) -> Codec:
    """The codec of an element of a `Ptr`: a struct stands for itself, and reading it gives a reference."""
    if is_struct(kind):
        return _embedded_codec(kind, target)
    return value_codec(kind, target)


def _integer_codec(kind: type[Integer], size: int, mask: int) -> Codec:
    signed = kind.signed
    decode = int.from_bytes

    def load(region: Region, address: int) -> Integer:
        result = _new(kind)
        result.value = decode(region.read(address, size, mask), "little", signed=signed)
        return result

    def store(region: Region, address: int, value: Any) -> None:
        number = value.value if value.__class__ is kind else _literal(kind, value)
        region.write(address, number.to_bytes(size, "little", signed=signed), mask)

    return Codec(kind, size, load, store)


def _literal(kind: type[Scalar], value: Any) -> Any:
    """A narrower integer, or a Python number as tests and the API write it; anything else is a mistake."""
    if issubclass(kind, Integer) and isinstance(value, kind):
        return value.value
    if isinstance(value, Scalar) or not isinstance(value, int | float):
        raise TypeError(f"{kind.__name__} wanted, not {type(value).__name__}")
    if issubclass(kind, Integer) and not kind.minimum() <= value <= kind.maximum():
        raise OverflowError(f"{value} does not fit in {kind.__name__}")
    return value


def _pattern_codec(kind: Any, size: int, mask: int) -> Codec:
    """For floats and vectors."""

    def load(region: Region, address: int) -> Any:
        return kind.from_bits(int.from_bytes(region.read(address, size, mask), "little"))

    def store(region: Region, address: int, value: Any) -> None:
        scalar = value if value.__class__ is kind else kind(_literal(kind, value))
        region.write(address, scalar.to_bits().to_bytes(size, "little"), mask)

    return Codec(kind, size, load, store)


def _bool_codec() -> Codec:
    def load(region: Region, address: int) -> bool:
        return region.read(address, 1)[0] != 0

    def store(region: Region, address: int, value: Any) -> None:
        if value is not True and value is not False:
            raise TypeError(f"bool wanted, not {type(value).__name__}")
        region.write(address, b"\1" if value else b"\0")

    return Codec(bool, 1, load, store)


def read_address(region: Region, address: int, size: int, mask: int) -> int:
    """The address that is stored at an address."""
    return int.from_bytes(region.read(address, size, mask), "little")


def _check_space(space: Space, target: Region) -> None:
    if target is not NULL and target.space is not space:
        raise TypeError(f"a pointer into {target.space!r} cannot be stored in {space!r}")


def _pointer_codec(kind: Any, target: Target, extent: Extent, mask: int) -> Codec:
    size = extent.size
    element_kind = get_args(kind)[0]
    address_mask = (1 << 8 * size) - 1  # arithmetic may have left the address space

    def load(region: Region, address: int) -> Ptr[Any]:
        found = read_address(region, address, size, mask)
        return Ptr.make(element_codec(element_kind, target), region.space.region_at(found), found)

    def store(region: Region, address: int, value: Any) -> None:
        if not isinstance(value, Ptr) or value.codec.type != element_kind:
            raise TypeError(f"{kind} wanted, not {value!r}")
        _check_space(region.space, value.region)
        region.write(address, (value.address & address_mask).to_bytes(size, "little"), mask)

    return Codec(kind, size, load, store)


def _reference_codec(kind: type, target: Target, extent: Extent, mask: int) -> Codec:
    size = extent.size

    def load(region: Region, address: int) -> StructReference:
        found = read_address(region, address, size, mask)
        reference: StructReference = make_reference(kind, target, region.space.region_at(found), found)
        return reference

    def store(region: Region, address: int, value: Any) -> None:
        if not isinstance(value, kind) or not isinstance(value, StructReference):
            raise TypeError(f"{kind.__name__} wanted, not {value!r}")
        _check_space(region.space, value._region)
        region.write(address, value._address.to_bytes(size, "little"), mask)

    return Codec(kind, size, load, store)


def _function_codec(kind: Any, extent: Extent, mask: int) -> Codec:
    size = extent.size

    def load(region: Region, address: int) -> Fn[..., Any]:
        found = read_address(region, address, size, mask)
        return region.space.function_at(found) if found else CodeAddress(0)

    def store(region: Region, address: int, value: Any) -> None:
        found = value.address if isinstance(value, CodeAddress) else region.space.function_address(value)
        region.write(address, found.to_bytes(size, "little"), mask)

    return Codec(kind, size, load, store)


def _refuse_store(region: Region, address: int, value: Any) -> None:
    raise TypeError("an embedded struct or array cannot be replaced: assign its parts")


def _embedded_codec(kind: type, target: Target) -> Codec:
    view = view_class(kind, target)

    def load(region: Region, address: int) -> Any:
        result = _new(view)
        result._region = region
        result._address = address
        return result

    return Codec(kind, element_extent(kind, target).size, load, _refuse_store)


def _array_codec(kind: Any, target: Target) -> Codec:
    element = get_args(kind)[0]

    def load(region: Region, address: int) -> Ptr[Any]:
        return Ptr.make(element_codec(element, target), region, address)

    return Codec(kind, 0, load, _refuse_store)


def make_reference(kind: type, target: Target, region: Region, address: int) -> Any:
    """A reference to the struct at an address."""
    result = _new(view_class(kind, target))
    result._region = region
    result._address = address
    return result


@cached
def view_class(kind: type, target: Target) -> Any:
    """The subclass of a `@struct` class whose instances are references on this target."""
    members: dict[str, Any] = {"__slots__": ("_address", "_region"), "__qualname__": kind.__qualname__}
    for name, place in layout(kind, target).fields.items():
        field = place.field
        if field.kind is FieldKind.ARRAY:
            codec = _array_codec(field.type, target)
        elif field.kind is FieldKind.INLINE:
            codec = element_codec(field.type, target)
        else:
            codec = value_codec(field.type, target)
        members[name] = _field_property(codec, place.offset)
    return type(kind.__name__, (StructReference, kind), members)


def _field_property(codec: Codec, offset: int) -> property:
    load, store = codec.load, codec.store

    def get(self: StructReference) -> Any:
        return load(self._region, self._address + offset)

    def put(self: StructReference, value: Any) -> None:
        store(self._region, self._address + offset, value)

    return property(get, put)
