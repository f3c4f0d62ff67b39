"""Conversions between the number types (spec 4.3.4)."""

from collections.abc import Iterator
from typing import Any, Final, TypeVar

from fusee.engine.errors import Trap
from fusee.engine.numeric import scalar
from fusee.engine.numeric.named import Entry, meanings
from fusee.kernel.lang import Integer, Static, f32, f64, i32, i64, kernel, trunc_sat, trunc_to, u32, u64
from fusee.spec.traps import TrapCode

N = TypeVar("N", u32, u64)
F = TypeVar("F", f32, f64)

_PRECISION: Final = {32: 24, 64: 53}  # bits of a float's significand, by its width


def first_too_low(s: type[Integer], f: type[Any]) -> float | None:
    """The number below an integer type's range, if that is a number of the float type, too."""
    return float(s.minimum() - 1) if s.minimum() == 0 or s.bits <= _PRECISION[f.bits] else None


@kernel(inline=True)
def is_too_low(a: F, s: Static[type[Integer]], f: Static[type[F]]) -> bool:
    """Whether a float is so far below an integer type's range that rounding to zero does not save it."""
    limit = first_too_low(s, f)
    if limit is None:
        return a < float(s.minimum())
    return a <= limit


@kernel(inline=True)
def truncate(a: F, s: Static[Any], t: Static[type[N]], f: Static[type[F]]) -> N:
    if a != a:
        raise Trap(TrapCode.BAD_CONVERSION_TO_INTEGER, 0)
    if is_too_low(a, s, f) or a >= float(s.maximum() + 1):
        raise Trap(TrapCode.INTEGER_OVERFLOW, 0)
    return t(trunc_to(s, a))


@kernel(inline=True)
def truncate_limited(a: F, s: Static[Any], t: Static[type[N]], f: Static[type[F]]) -> N:
    return t(trunc_sat(s, a))


_INTEGERS: Final[dict[str, tuple[Any, Any]]] = {"i32": (i32, u32), "i64": (i64, u64)}
_FLOATS: Final[dict[str, Any]] = {"f32": f32, "f64": f64}


def _conversions() -> Iterator[Entry]:
    yield "i32.wrap_i64", scalar.convert, {"s": u64, "t": u32, "n": u64}
    yield "i64.extend_i32_s", scalar.convert, {"s": i32, "t": u64, "n": u32}
    yield "i64.extend_i32_u", scalar.convert, {"s": u32, "t": u64, "n": u32}
    yield "f32.demote_f64", scalar.convert, {"s": f64, "t": f32, "n": f64}
    yield "f64.promote_f32", scalar.convert, {"s": f32, "t": f64, "n": f32}
    for kind, f in _FLOATS.items():
        for integer, (signed, t) in _INTEGERS.items():
            for sign, s in (("s", signed), ("u", t)):
                yield f"{integer}.trunc_{kind}_{sign}", truncate, {"s": s, "t": t, "f": f}
                yield f"{integer}.trunc_sat_{kind}_{sign}", truncate_limited, {"s": s, "t": t, "f": f}
                yield f"{kind}.convert_{integer}_{sign}", scalar.convert, {"s": s, "t": f, "n": t}
            if f.bits == t.bits:
                yield f"{integer}.reinterpret_{kind}", scalar.reinterpret, {"t": t, "n": f}
                yield f"{kind}.reinterpret_{integer}", scalar.reinterpret, {"t": f, "n": t}


MEANING: Final = meanings(_conversions())
