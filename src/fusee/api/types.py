"""Types of values and of external objects (spec 2.3), immutable and comparable."""

import weakref
from collections.abc import Sequence
from typing import ClassVar, Final, NamedTuple, NoReturn

from fusee.api.errors import WasmtimeError
from fusee.api.managed import ArgumentError, Managed, shown
from fusee.engine.state.module import ABSTRACT, AGGREGATE, ID_MASK, NULLABLE, REF

_REF, _NULLABLE, _ABSTRACT = int(REF), int(NULLABLE), int(ABSTRACT)
# As in the binary format (spec 5.3.1, 5.3.5).
_NUMBERS: Final = {0x7F: "i32", 0x7E: "i64", 0x7D: "f32", 0x7C: "f64", 0x7B: "v128"}
_HEAPS: Final = {
    0x70: "func", 0x6F: "extern", 0x6E: "any", 0x6D: "eq", 0x6C: "i31", 0x6B: "struct", 0x6A: "array", 0x69: "exn",
    0x73: "nofunc", 0x72: "noextern", 0x71: "none", 0x74: "noexn",
}  # fmt: skip
_SHORT: Final = {"nofunc": "nullfuncref", "noextern": "nullexternref", "none": "nullref", "noexn": "nullexnref"}


class ValType(Managed):
    """A value type (spec 2.3.4). Compare them with `==`. See `i32` and its like."""

    __slots__ = ("_code",)
    _code: int  # as in `fusee.engine.state.module`, a concrete heap type by its canonical id
    _made: ClassVar[dict[int, "ValType"]] = {}

    def __init__(self) -> None:
        """Raises `WasmtimeError`: there is a class method for each type."""
        raise WasmtimeError("cannot construct directly: use ValType.i32() and its like")

    @classmethod
    def _from_code(cls, code: int) -> "ValType":
        """The type that all engines know by `code`, made once."""
        made = cls._made.get(code)
        if made is None:
            made = object.__new__(cls)
            object.__setattr__(made, "_code", code)
            cls._made[code] = made
        return made

    @staticmethod
    def _of(engine: object, code: int, keeper: object = None) -> "ValType":
        """The type that `engine` knows by `code`; `keeper` is what keeps a defined type's number, if that is known."""
        if code & (_REF | _ABSTRACT) != _REF:
            return ValType._from_code(code)
        made = object.__new__(DefinedReference)
        made._code, made._engine, made._keeper = code, weakref.ref(engine), keeper
        return made

    @classmethod
    def i32(cls) -> "ValType":
        """32-bit integers: ints, signed in Python."""
        return cls._from_code(0x7F)

    @classmethod
    def i64(cls) -> "ValType":
        """64-bit integers: ints, signed in Python."""
        return cls._from_code(0x7E)

    @classmethod
    def f32(cls) -> "ValType":
        """Single precision: floats."""
        return cls._from_code(0x7D)

    @classmethod
    def f64(cls) -> "ValType":
        """Double precision: floats."""
        return cls._from_code(0x7C)

    @classmethod
    def v128(cls) -> "ValType":
        """Vectors: 16 bytes. Not in wasmtime-py."""
        return cls._from_code(0x7B)

    @classmethod
    def funcref(cls) -> "ValType":
        """References to functions: `Func`, or None."""
        return cls._from_code(_REF | _NULLABLE | _ABSTRACT | 0x70)

    @classmethod
    def externref(cls) -> "ValType":
        """References to any Python object, or None."""
        return cls._from_code(_REF | _NULLABLE | _ABSTRACT | 0x6F)

    @classmethod
    def anyref(cls) -> "ValType":
        """References to what guests make, and to what they have converted from `externref`. Not in wasmtime-py."""
        return cls._from_code(_REF | _NULLABLE | _ABSTRACT | 0x6E)

    @classmethod
    def eqref(cls) -> "ValType":
        """References that guests can compare: `StructRef`, `ArrayRef`, `I31`, or None. Not in wasmtime-py."""
        return cls._from_code(_REF | _NULLABLE | _ABSTRACT | 0x6D)

    @classmethod
    def i31ref(cls) -> "ValType":
        """References that are numbers: `I31`, or None. Not in wasmtime-py."""
        return cls._from_code(_REF | _NULLABLE | _ABSTRACT | 0x6C)

    @classmethod
    def structref(cls) -> "ValType":
        """References to structures: `StructRef`, or None. Not in wasmtime-py."""
        return cls._from_code(_REF | _NULLABLE | _ABSTRACT | 0x6B)

    @classmethod
    def arrayref(cls) -> "ValType":
        """References to arrays: `ArrayRef`, or None. Not in wasmtime-py."""
        return cls._from_code(_REF | _NULLABLE | _ABSTRACT | 0x6A)

    @property
    def is_reference(self) -> bool:
        """Whether values are references, a bool."""
        return self._code & _REF != 0

    @property
    def is_nullable(self) -> bool:
        """Whether None is a value, a bool."""
        return self._code & (_REF | _NULLABLE) == _REF | _NULLABLE

    @property
    def heap(self) -> str:
        """The name of an abstract heap type (spec 2.3.3), a str; "" for numbers and references to a type by index."""
        return _HEAPS.get(self._code & 0xFF, "") if self._code & _ABSTRACT and self.is_reference else ""

    @property
    def is_function(self) -> bool:
        """Whether values are references to functions, a bool."""
        if self._code & _ABSTRACT:
            return self.heap in ("func", "nofunc")
        return self.is_reference and self._code & AGGREGATE == 0

    @property
    def is_exception(self) -> bool:
        """Whether values are references to exceptions, a bool."""
        return self.heap in ("exn", "noexn")

    def __str__(self) -> str:
        if not self.is_reference:
            return _NUMBERS.get(self._code, f"<type {self._code:#x}>")
        heap = self.heap or f"${self._code & ID_MASK}"
        if self.is_nullable and self.heap:
            return _SHORT.get(heap, f"{heap}ref")
        return f"(ref {'null ' if self.is_nullable else ''}{heap})"

    __repr__ = __str__

    def __reduce__(self) -> tuple[object, ...]:
        return ValType._from_code, (self._code,)


class DefinedReference(ValType):
    """References to a type that a module defines: its number means another type in another engine, or none."""

    __slots__ = ("_engine", "_keeper")
    _engine: "weakref.ref[object]"  # one object for all references to an engine
    _keeper: object

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DefinedReference) and self._code == other._code and self._engine is other._engine

    def __hash__(self) -> int:
        return hash(self._code)

    def __copy__(self) -> "DefinedReference":
        return self

    def __deepcopy__(self, memo: object) -> "DefinedReference":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"cannot pickle {self}: it belongs to a module")


def _check_types(types: Sequence[ValType]) -> tuple[ValType, ...]:
    for item in types:
        if not isinstance(item, ValType):
            raise ArgumentError(f"expected a ValType, not {shown(item)}")
    return tuple(types)


class Declaration(NamedTuple):
    """Where a type is from: the engine, its number in the registry there, and what keeps that number.

    Of a function type also where it is defined: the address of a module, which the keeper keeps, and an index there.
    """

    engine: object
    number: int
    keeper: object
    module: int = 0
    type_index: int = 0


class FuncType(Managed):
    """The type of a function (spec 2.3.8), immutable."""

    __slots__ = ("_declaration", "_params", "_results")

    def __init__(self, params: Sequence[ValType], results: Sequence[ValType]) -> None:
        """A function of these parameters and results. Raises `ArgumentError`."""
        self._params = _check_types(params)
        self._results = _check_types(results)
        self._declaration: Declaration | None = None

    @property
    def params(self) -> list[ValType]:
        """A list of its parameters' `ValType`s."""
        return list(self._params)

    @property
    def results(self) -> list[ValType]:
        """A list of its results' `ValType`s."""
        return list(self._results)

    @property
    def _key(self) -> tuple[tuple[ValType, ...], tuple[ValType, ...]]:
        """What makes two function types equal."""
        return self._params, self._results

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FuncType) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __copy__(self) -> "FuncType":
        return self

    def __deepcopy__(self, memo: object) -> "FuncType":
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return FuncType, self._key  # where it is from means nothing in another process

    def __repr__(self) -> str:
        return f"({' '.join(map(str, self._params))}) -> ({' '.join(map(str, self._results))})"
