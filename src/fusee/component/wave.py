"""Values of components as text, in WAVE (the WebAssembly Value Encoding of wasm-tools and wasmtime's `--invoke`).

A value is read by its type, so that names need no quotes: `{name: "x", size: 3}`, `some(1)`, `[1, 2]`, `err(access)`.
"""

import re
from typing import Any, Final

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
)
from fusee.component.types.primitive import F32, F64, U8, Bool, Char, String
from fusee.component.types.valtype import ValType
from fusee.component.values import Record, Variant

_NAME: Final = re.compile(r"%?[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*")
_NUMBER: Final = re.compile(r"-?(?:inf|nan|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)")
_SPACE: Final = re.compile(r"(?:\s|//[^\n]*)*")
_CHARACTER: Final = re.compile(r"\\u\{([0-9A-Fa-f]{1,6})\}|\\([tnr\\\"'])|([^\\])", re.DOTALL)
_ESCAPES: Final = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\", '"': '"', "'": "'"}
_ESCAPED: Final = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\"}
_KEYWORDS: Final = frozenset({"true", "false", "inf", "nan", "some", "none", "ok", "err"})


class WaveError(ValueError):
    """A text is no value of its type; says where."""


class Parser:
    """Reads values from a text, one after the other."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def fail(self, what: str) -> WaveError:
        """What is expected is not there."""
        found = self.text[self.position : self.position + 20] or "the end"
        return WaveError(f"expected {what} at character {self.position}, found {found}")

    def space(self) -> None:
        """Pass over spaces and comments."""
        found = _SPACE.match(self.text, self.position)
        assert found is not None
        self.position = found.end()

    def take(self, token: str) -> bool:
        """Whether a token is next, which is passed over then."""
        self.space()
        if not self.text.startswith(token, self.position):
            return False
        self.position += len(token)
        return True

    def need(self, token: str) -> None:
        """Pass over a token. Raises `WaveError` if it is not there."""
        if not self.take(token):
            raise self.fail(f"`{token}`")

    def match(self, pattern: "re.Pattern[str]", what: str) -> str:
        """Pass over what a pattern matches."""
        self.space()
        found = pattern.match(self.text, self.position)
        if found is None:
            raise self.fail(what)
        self.position = found.end()
        return found[0]

    def name(self) -> str:
        """A name; a percent sign before it means nothing."""
        return self.match(_NAME, "a name").removeprefix("%")

    def end(self) -> None:
        """Raises `WaveError` if something is left."""
        self.space()
        if self.position < len(self.text):
            raise self.fail("the end")

    def value(self, ty: ValType) -> Any:
        """A value of a type."""
        if isinstance(ty, Bool):
            word = self.name()
            if word not in ("true", "false"):
                raise self.fail("true or false")
            return word == "true"
        if isinstance(ty, F32 | F64):
            return float(self.match(_NUMBER, "a number"))
        if isinstance(ty, Char | String):
            return self._text("'" if isinstance(ty, Char) else '"')
        if isinstance(ty, ListType | TupleType | MapType):
            return self._sequence(ty)
        if isinstance(ty, RecordType):
            return self._record(ty)
        if isinstance(ty, FlagsType):
            return set(self._items("{", "}", self.name))
        if isinstance(ty, EnumType):
            return self.name()
        if isinstance(ty, VariantLikeType):
            return self._variant(ty)
        if type(ty).__name__[1:].isdigit():
            number = self.match(_NUMBER, "an integer")
            try:
                return int(number)
            except ValueError:  # a fraction, or more digits than Python reads
                raise self.fail("an integer") from None
        raise WaveError(f"values of type {type(ty).__name__} cannot be written")

    def _items(self, opening: str, closing: str, item: Any) -> list[Any]:
        """Items between brackets; a comma may come after the last one."""
        self.need(opening)
        found: list[Any] = []
        while not self.take(closing):
            if found:
                self.need(",")
                if self.take(closing):
                    break
            found.append(item())
        return found

    def _text(self, quote: str) -> str:
        self.need(quote)
        found = ""
        while not self.text.startswith(quote, self.position):
            character = _CHARACTER.match(self.text, self.position)
            if character is None:
                raise self.fail("a character, or the closing quote")
            self.position = character.end()
            if character[1]:
                if int(character[1], 16) > 0x10FFFF:
                    raise self.fail("a Unicode scalar value")
                found += chr(int(character[1], 16))
            else:
                found += _ESCAPES[character[2]] if character[2] else character[3]
        self.position += 1
        return found

    def _sequence(self, ty: ListType | TupleType | MapType) -> Any:
        if isinstance(ty, TupleType):
            parts = iter(ty._elements)

            def element() -> Any:
                part = next(parts, None)
                if part is None:
                    raise self.fail("`)`")
                return self.value(part)

            made = tuple(self._items("(", ")", element))
            if len(made) < len(ty._elements):
                raise self.fail(f"{len(ty._elements)} values")
            return made
        if isinstance(ty, MapType):
            return dict(self._items("{", "}", lambda: self._pair(ty)))
        found = self._items("[", "]", lambda: self.value(ty._element))
        if isinstance(ty._element, U8) and all(0 <= number < 256 for number in found):
            return bytes(found)
        return found

    def _pair(self, ty: MapType) -> tuple[Any, Any]:
        key = self.value(ty._key)
        self.need(":")
        return key, self.value(ty._value)

    def _record(self, ty: RecordType) -> Record:
        types = dict(ty._fields)
        made = Record()

        def field() -> None:
            name = self.name()
            if name not in types:
                raise self.fail(f"a field of the record, not `{name}`")
            self.need(":")
            made.__dict__[name] = self.value(types[name])

        self._items("{", "}", field)
        for name, part in ty._fields:
            if name not in made.__dict__:
                if not isinstance(part, OptionType):
                    raise self.fail(f"the field `{name}`")
                made.__dict__[name] = None if not part._is_tagged else Variant("none")
        return made

    def _variant(self, ty: VariantLikeType) -> Any:
        cases = dict(ty._cases())
        start = self.position
        self.space()
        word = _NAME.match(self.text, self.position)
        if word is None or (word[0].removeprefix("%") not in cases and isinstance(ty, OptionType | ResultType)):
            plain = ty._payload if isinstance(ty, OptionType) else ty._ok if isinstance(ty, ResultType) else None
            if plain is None:
                raise self.fail("a case")
            self.position = start
            tag = "some" if isinstance(ty, OptionType) else "ok"
            payload = self.value(plain)
            return Variant(tag, payload) if ty._is_tagged else payload
        self.position = word.end()
        tag = word[0].removeprefix("%")
        if tag not in cases:
            raise self.fail(f"a case, not `{tag}`")
        part, payload = cases[tag], None
        if part is not None:
            self.need("(")
            payload = self.value(part)
            self.need(")")
        return Variant(tag, payload) if ty._is_tagged else payload


def parse(ty: ValType, text: str) -> Any:
    """The value of a type that a text is. Raises `WaveError`."""
    parser = Parser(text)
    found = parser.value(ty)
    parser.end()
    return found


def show(ty: ValType, value: Any) -> str:
    """A value as text; handles, which are none, are named."""
    if isinstance(ty, Bool):
        return "true" if value else "false"
    if isinstance(ty, F32 | F64):
        return _float(ty, value)
    if isinstance(ty, Char | String):
        return _quoted(value, "'" if isinstance(ty, Char) else '"')
    if isinstance(ty, ListType):
        return f"[{', '.join(show(ty._element, element) for element in value)}]"
    if isinstance(ty, MapType):
        return f"{{{', '.join(f'{show(ty._key, k)}: {show(ty._value, v)}' for k, v in value.items())}}}"
    if isinstance(ty, TupleType):
        return f"({', '.join(show(part, element) for part, element in zip(ty._elements, value, strict=True))})"
    if isinstance(ty, RecordType):
        return f"{{{', '.join(f'{_word(name)}: {show(part, getattr(value, name))}' for name, part in ty._fields)}}}"
    if isinstance(ty, FlagsType):
        return f"{{{', '.join(_word(name) for name in ty._names if name in value)}}}"
    if isinstance(ty, EnumType):
        return _word(value)
    if isinstance(ty, VariantLikeType):
        return _show_variant(ty, value)
    return str(value)


def _float(ty: ValType, value: float) -> str:
    import struct

    if isinstance(ty, F32):
        texts = (f"{value:.{digits}g}" for digits in range(1, 10))
        exact = struct.pack("<f", value)
        value = float(next((t for t in texts if value == value and struct.pack("<f", float(t)) == exact), repr(value)))
    return repr(value).removesuffix(".0")


def _quoted(value: str, quote: str) -> str:
    inside = "".join(f"\\{c}" if c == quote else _ESCAPED.get(c, c) for c in value)
    return f"{quote}{inside}{quote}"


def _word(name: str) -> str:
    return f"%{name}" if name in _KEYWORDS else name


def _show_variant(ty: VariantLikeType, value: Any) -> str:
    from fusee.component.codecs.helpers import choose, predicates

    cases = ty._cases()
    if ty._is_tagged:
        tag, payload = value.tag, value.payload
    else:
        case, payload = choose(predicates(ty), {name: i for i, (name, _) in enumerate(cases)}, value)
        tag = cases[case][0]
    part = dict(cases)[tag]
    name = tag if isinstance(ty, OptionType | ResultType) else _word(tag)
    return name if part is None else f"{name}({show(part, payload)})"
