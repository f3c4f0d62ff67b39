"""Random types of values and random values of them, for what has to agree about both."""

import math
import random
import struct
from typing import Any, Final

from fusee.component import Record, Variant
from fusee.component.layout import layout_of
from fusee.component.types.composite import (
    EnumType,
    FlagsType,
    ListType,
    MapType,
    OptionType,
    RecordType,
    ResultType,
    TupleType,
    VariantLikeType,
    VariantType,
)
from fusee.component.types.primitive import F32, F64, S8, S16, S32, S64, U8, U16, U32, U64, Bool, Char, String
from fusee.component.types.valtype import ValType, intern

ENCODINGS: Final = ("utf8", "utf16", "latin1+utf16")
_BITS: Final[dict[type[ValType], int]] = {S8: 8, U8: 8, S16: 16, U16: 16, S32: 32, U32: 32, S64: 64, U64: 64}
_SCALARS: Final = (*_BITS, F32, F64, Bool, Char, String)
_KEYS: Final = (*_BITS, Bool, Char, String)
_MOST_DEPTH: Final = 4
_TEXTS: Final = ("", "plain", "größe", "€ and 😀", "\0", "x" * 300, "ÿ\u0100")


class RandomTypes:
    """Draws types and values; all that a seed gives is the same each time."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.definitions: list[str] = []
        """Of the types that must have names, in the text format."""

    # Types: text and type.

    def type(self, depth: int = 0) -> tuple[str, ValType]:
        """Any type but handles and what is for asynchronous components."""
        if depth == _MOST_DEPTH or self.chance.random() < 0.15 * (depth + 1):
            return self.scalar(_SCALARS)
        makers = (self._list, self._map, self._tuple, self._option, self._result,
                  self._record, self._variant, self._enum, self._flags)  # fmt: skip
        return self.chance.choice(makers)(depth + 1)

    def scalar(self, kinds: tuple[Any, ...]) -> tuple[str, ValType]:
        """A type without parts."""
        kind = self.chance.choice(kinds)
        return kind.__name__.lower(), kind()

    def _types(self, depth: int, most: int) -> tuple[list[str], tuple[ValType, ...]]:
        found = [self.type(depth) for _ in range(self.chance.randint(1, most))]
        return [text for text, _ in found], tuple(ty for _, ty in found)

    def _named(self, text: str, ty: ValType) -> tuple[str, ValType]:
        name = f"t{len(self.definitions)}"
        self.definitions.append(f'(type ${name}_plain {text}) (import "{name}" (type ${name} (eq ${name}_plain)))')
        return f"${name}", ty

    def _list(self, depth: int) -> tuple[str, ValType]:
        text, ty = self.type(depth)
        length = self.chance.choice((None, None, None, self.chance.randint(1, 5)))
        return f"(list {text}{'' if length is None else f' {length}'})", intern(ListType, ty, length)

    def _map(self, depth: int) -> tuple[str, ValType]:
        (key, key_type), (value, value_type) = self.scalar(_KEYS), self.type(depth)
        return f"(map {key} {value})", intern(MapType, key_type, value_type)

    def _tuple(self, depth: int) -> tuple[str, ValType]:
        texts, types = self._types(depth, 5)
        return f"(tuple {' '.join(texts)})", intern(TupleType, types)

    def _option(self, depth: int) -> tuple[str, ValType]:
        text, ty = self.type(depth)
        return f"(option {text})", intern(OptionType, ty)

    def _result(self, depth: int) -> tuple[str, ValType]:
        (ok, ok_type), (err, err_type) = self.type(depth), self.type(depth)
        has_ok, has_err = self.chance.random() < 0.7, self.chance.random() < 0.7
        text = f"(result {ok if has_ok else ''} {f'(error {err})' if has_err else ''})"
        return text, intern(ResultType, ok_type if has_ok else None, err_type if has_err else None)

    def _record(self, depth: int) -> tuple[str, ValType]:
        texts, types = self._types(depth, 6)
        names = [f"f-{i}" for i in range(len(types))]
        fields = " ".join(f'(field "{name}" {text})' for name, text in zip(names, texts, strict=True))
        return self._named(f"(record {fields})", intern(RecordType, tuple(zip(names, types, strict=True))))

    def _variant(self, depth: int) -> tuple[str, ValType]:
        texts, types = self._types(depth, 5)
        cases: list[tuple[str, ValType | None]] = []
        shown = []
        for number, (text, ty) in enumerate(zip(texts, types, strict=True)):
            has_payload = self.chance.random() < 0.7
            cases.append((f"c{number}", ty if has_payload else None))
            shown.append(f'(case "c{number}" {text if has_payload else ""})')
        for number in range(len(cases), len(cases) + self.chance.choice((0, 0, 0, 252, 256))):
            cases.append((f"c{number}", None))
            shown.append(f'(case "c{number}")')
        return self._named(f"(variant {' '.join(shown)})", intern(VariantType, tuple(cases)))

    def _enum(self, depth: int) -> tuple[str, ValType]:
        names = tuple(f"e{i}" for i in range(self.chance.choice((1, 2, 5, 256, 257))))
        return self._named(f"(enum {_quoted(names)})", intern(EnumType, names))

    def _flags(self, depth: int) -> tuple[str, ValType]:
        names = tuple(f"b{i}" for i in range(self.chance.choice((1, 7, 8, 9, 16, 17, 31, 32))))
        return self._named(f"(flags {_quoted(names)})", intern(FlagsType, names))

    # Values.

    def value(self, ty: ValType) -> Any:
        """A value, as it is lifted."""
        chance = self.chance
        if type(ty) in _BITS:
            return self._integer(ty)
        if isinstance(ty, F32 | F64):
            drawn = chance.choice((0.0, -0.0, 0.5, math.inf, -math.inf, math.nan, chance.uniform(-1e9, 1e9)))
            return struct.unpack("<f", struct.pack("<f", drawn))[0] if isinstance(ty, F32) else drawn
        if isinstance(ty, Bool):
            return chance.random() < 0.5
        if isinstance(ty, Char):
            return chance.choice("a\0ü€😀\ud7ff\ue000\U0010ffff")
        if isinstance(ty, String):
            return chance.choice(_TEXTS)
        if isinstance(ty, EnumType):
            return chance.choice(ty._names)
        if isinstance(ty, FlagsType):
            return {name for name in ty._names if chance.random() < 0.5}
        return self._composite(ty)

    def _integer(self, ty: ValType) -> int:
        bits = _BITS[type(ty)]
        lowest = -(1 << bits - 1) if type(ty).__name__.startswith("S") else 0
        return lowest + self.chance.choice((0, 1, (1 << bits) - 1, 1 << bits - 1, self.chance.getrandbits(bits)))

    def _composite(self, ty: ValType) -> Any:
        if isinstance(ty, ListType):
            count = self.chance.choice((0, 1, 2, 3)) if ty._length is None else ty._length
            values = [self.value(ty._element) for _ in range(count)]
            return bytes(values) if isinstance(ty._element, U8) else values
        if isinstance(ty, MapType):
            return {self.value(ty._key): self.value(ty._value) for _ in range(self.chance.randrange(4))}
        if isinstance(ty, RecordType):
            return Record(**{name: self.value(part) for name, part in ty._fields})
        if isinstance(ty, TupleType):
            return tuple(self.value(part) for part in ty._elements)
        assert isinstance(ty, VariantLikeType)
        name, part = self.chance.choice(ty._cases())
        payload = None if part is None else self.value(part)
        return Variant(name, payload) if ty._is_tagged else payload


def _quoted(names: tuple[str, ...]) -> str:
    return " ".join(f'"{name}"' for name in names)


def flat_of(ty: ValType) -> str:
    """The core types of a value; nothing if they are too many."""
    return " ".join(layout_of(ty).flat or ())


def shown(value: Any) -> str:
    """A value as text: the same for equal values, that are no numbers included."""
    if isinstance(value, Record):
        return f"record {shown(sorted(vars(value).items()))}"
    if isinstance(value, Variant):
        return f"{value.tag}({shown(value.payload)})"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return f"map {shown(list(value.items()))}"
    return repr(sorted(value)) if isinstance(value, set) else repr(value)
