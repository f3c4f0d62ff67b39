"""Values of a script: arguments, results, and the patterns that results are compared with.

Floats are compared by their bits, since scripts test signs and payloads of NaNs.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

WIDTHS = {"i8": 8, "i16": 16, "i32": 32, "i64": 64, "f32": 32, "f64": 64}
NUMBERS = frozenset({"i32", "i64", "f32", "f64", "v128"})

# Spec 4.3.3: a canonical NaN has only the most significant bit of its payload set; the payload of
# an arithmetic NaN has at least this bit set.
_CANONICAL = {"f32": 0x7FC0_0000, "f64": 0x7FF8_0000_0000_0000}
_SIGN = {"f32": 1 << 31, "f64": 1 << 63}

_NULL_TYPES = frozenset({"refnull", "nullref", "nullfuncref", "nullexternref", "nullexnref"})
# A pattern such as `(ref.eq)` accepts references of these kinds.
_ACCEPTS = {
    "funcref": {"func"},
    "externref": {"extern", "host"},
    "arrayref": {"array"},
    "structref": {"struct"},
    "i31ref": {"i31"},
    "exnref": {"exn"},
    "eqref": {"array", "struct", "i31"},
    "anyref": {"array", "struct", "i31", "any", "host"},
}


@dataclass(frozen=True)
class HostRef:
    """What `(ref.extern n)` and `(ref.host n)` stand for: a reference that only the host understands."""

    number: int

    def __str__(self) -> str:
        return f"ref.extern {self.number}"


@dataclass(frozen=True)
class GuestRef:
    """A reference that is not null and that the script can only ask the kind of."""

    kind: str  # "func", "extern", "struct", "array", "i31", "exn" or "any"
    index: int | None = None  # of a function, in the instance that gave it, where the driver knows

    def __str__(self) -> str:
        return f"ref.{self.kind}" if self.index is None else f"ref.{self.kind} {self.index}"


Payload = int | HostRef | GuestRef | None  # bits of a number; None is null


class Value(NamedTuple):
    """A value with its type: a number type, or any of the reference types."""

    type: str
    payload: Payload

    def __str__(self) -> str:
        if self.type not in NUMBERS:
            return "ref.null" if self.payload is None else str(self.payload)
        assert isinstance(self.payload, int)
        digits = {"v128": 32, "i64": 16, "f64": 16}.get(self.type, 8)
        return f"{self.type} 0x{self.payload:0{digits}x}"


def decode_argument(json: dict[str, Any]) -> Value:
    """An argument of an action."""
    kind = json["type"]
    if kind in ("i32", "i64", "f32", "f64"):
        return Value(kind, int(json["value"]) & ((1 << WIDTHS[kind]) - 1))
    if kind == "v128":
        return Value(kind, _join_lanes([int(lane) for lane in json["value"]], WIDTHS[json["lane_type"]]))
    if json.get("value", "null") == "null":
        return Value(kind, None)
    return Value(kind, HostRef(int(json["value"])))


def matches(pattern: dict[str, Any], got: Value) -> bool:
    """Whether a result fits its pattern in the script."""
    kind = pattern["type"]
    if kind == "either":
        return any(matches(choice, got) for choice in pattern["values"])
    if kind in _SIGN or kind in ("i32", "i64"):
        return got.type == kind and isinstance(got.payload, int) and _lane_matches(kind, pattern["value"], got.payload)
    if kind == "v128":
        return got.type == kind and isinstance(got.payload, int) and _lanes_match(pattern, got.payload)
    return got.type not in NUMBERS and _reference_matches(kind, pattern.get("value"), got.payload)


def _index_of(value: object) -> int | None:
    """`N` of the pattern `(ref.func N)`, which converted scripts write as an object."""
    return int(value["index"]) if isinstance(value, dict) else None


def describe(pattern: dict[str, Any]) -> str:
    """A pattern, for messages."""
    kind = pattern["type"]
    if kind == "either":
        return " or ".join(describe(choice) for choice in pattern["values"])
    if kind == "v128":
        return f"v128 {pattern['lane_type']} {' '.join(pattern['value'])}"
    value = pattern.get("value")
    if value is None:
        return str(kind)
    if (index := _index_of(value)) is not None:
        return f"ref.func {index}"
    is_bits = kind in NUMBERS and not value.startswith("nan:")
    return str(decode_argument(pattern)) if is_bits else f"{kind} {value}"


def _join_lanes(lanes: list[int], width: int) -> int:
    mask = (1 << width) - 1
    bits = 0
    for lane in reversed(lanes):
        bits = bits << width | lane & mask
    return bits


def _lanes_match(pattern: dict[str, Any], bits: int) -> bool:
    lane_type = pattern["lane_type"]
    width = WIDTHS[lane_type]
    mask = (1 << width) - 1
    return all(
        _lane_matches(lane_type, lane, bits >> (index * width) & mask) for index, lane in enumerate(pattern["value"])
    )


def _lane_matches(kind: str, expected: str, bits: int) -> bool:
    if expected == "nan:canonical":
        return bits & ~_SIGN[kind] == _CANONICAL[kind]
    if expected == "nan:arithmetic":
        return bits & _CANONICAL[kind] == _CANONICAL[kind]
    return bits == int(expected) & ((1 << WIDTHS[kind]) - 1)


def _reference_matches(kind: str, expected: str | dict[str, Any] | None, got: Payload) -> bool:
    if expected == "null" or kind in _NULL_TYPES:
        return got is None
    if got is None:
        return False
    if (index := _index_of(expected)) is not None:
        return got == GuestRef("func", index)
    if isinstance(expected, str):
        return got == HostRef(int(expected))
    found = got.kind if isinstance(got, GuestRef) else "host"
    return found in _ACCEPTS.get(kind, set())
