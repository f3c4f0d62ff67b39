"""Types of what modules import and export (spec 2.3.16)."""

from fusee.api.errors import WasmtimeError
from fusee.api.managed import Managed, expect
from fusee.api.types import FuncType, ValType, _check_types


class Record(Managed):
    """What the types below have in common: they are their fields, and those do not change."""

    __slots__: tuple[str, ...] = ()

    def __init__(self, *values: object) -> None:
        for name, value in zip(self.__slots__, values, strict=True):
            object.__setattr__(self, name, value)

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({fields})"

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), self._values()


class Limits(Record):
    """Size limits in pages or elements (spec 2.3.10): `min`, an int, and `max`, an int or None for no limit."""

    __slots__ = ("min", "max")  # noqa: RUF023  # in the order of the arguments
    min: int
    max: int | None

    def __init__(self, min: int, max: int | None = None) -> None:  # noqa: A002  # wasmtime-py's names
        """Raises `ArgumentError`; `WasmtimeError` if they are negative or `max` is less than `min`."""
        expect(min, int, "an int")
        if max is not None:
            expect(max, int, "an int or None")
        if min < 0 or (max is not None and max < min):
            raise WasmtimeError(f"limits {min}…{max} are not a range")
        super().__init__(min, max)


class GlobalType(Record):
    """The type of a global (spec 2.3.13): `content`, a `ValType`, and `mutable`, a bool."""

    __slots__ = ("content", "mutable")
    content: ValType
    mutable: bool

    def __init__(self, valtype: ValType, mutable: bool = False) -> None:
        """The type of a global that holds a `valtype`. Raises `ArgumentError`."""
        super().__init__(*_check_types([valtype]), bool(mutable))


class TableType(Record):
    """The type of a table (spec 2.3.12): `element`, a `ValType`, `limits` in elements, and `is_64`, a bool."""

    __slots__ = ("element", "limits", "is_64")  # noqa: RUF023  # in the order of the arguments
    element: ValType
    limits: Limits
    is_64: bool

    def __init__(self, valtype: ValType, limits: Limits, is_64: bool = False) -> None:
        """The type of a table of `valtype`.

        Raises `ArgumentError`; `WasmtimeError` if that is no reference type, or the limits exceed what indices reach.
        """
        expect(limits, Limits, "Limits")
        if not _check_types([valtype])[0].is_reference:
            raise WasmtimeError(f"a table holds references, not {valtype}")
        if max(limits.min, limits.max or 0) >> (64 if is_64 else 32):
            raise WasmtimeError("table size is greater than its indices reach")
        super().__init__(valtype, limits, is_64)


class MemoryType(Record):
    """The type of a memory (spec 2.3.11).

    `limits` are in pages; `is_64` and `is_shared` are bools; `page_size_log2` is 16, or 0 for pages of one byte.
    """

    __slots__ = ("limits", "is_64", "is_shared", "page_size_log2")  # noqa: RUF023  # in the order of the arguments
    limits: Limits
    is_64: bool
    is_shared: bool
    page_size_log2: int

    def __init__(self, limits: Limits, is_64: bool = False, shared: bool = False, page_size_log2: int = 16) -> None:
        """Raises `ArgumentError`; `WasmtimeError` if there is no such memory: it exceeds its address type's reach,
        or is shared without a maximum."""
        expect(limits, Limits, "Limits")
        if page_size_log2 not in (0, 16):
            raise WasmtimeError("invalid custom page size")
        most = 1 << ((64 if is_64 else 32) - page_size_log2)
        if page_size_log2 == 0:
            most -= 1  # `memory.size` must be able to say it
        if max(limits.min, limits.max or 0) > most:
            raise WasmtimeError("memory size is greater than its addresses reach")
        if shared and limits.max is None:
            raise WasmtimeError("shared memories must have a maximum size")
        super().__init__(limits, is_64, shared, page_size_log2)

    @property
    def page_size(self) -> int:
        """Bytes in a page, an int."""
        return 1 << self.page_size_log2


class TagType(Record):
    """The type of an exception tag (spec 2.3.14): `functype`, a `FuncType`, whose parameters exceptions carry."""

    __slots__ = ("functype",)
    functype: FuncType

    def __init__(self, functype: FuncType) -> None:
        """Raises `ArgumentError`."""
        expect(functype, FuncType, "a FuncType")
        super().__init__(functype)


AsExternType = FuncType | GlobalType | TableType | MemoryType | TagType


class ImportType(Record):
    """What a module imports: `module` and `name`, strs, and the `type` that it must have."""

    __slots__ = ("module", "name", "type")
    module: str
    name: str
    type: AsExternType


class ExportType(Record):
    """What a module exports: its `name`, a str, and its `type`."""

    __slots__ = ("name", "type")
    name: str
    type: AsExternType
