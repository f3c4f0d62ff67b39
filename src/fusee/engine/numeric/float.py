"""Floating-point operators and comparisons (spec 4.3.3)."""

import operator
from collections.abc import Iterator
from typing import Any, Final, TypeVar

from fusee.engine.numeric import scalar
from fusee.engine.numeric.named import Entry, meanings
from fusee.kernel.lang import (
    Static,
    ceil,
    copysign,
    f32,
    f64,
    fabs,
    floor,
    fmax,
    fmin,
    kernel,
    nearest,
    sqrt,
    trunc,
)  # fmt: skip

F = TypeVar("F", f32, f64)


@kernel(inline=True)
def extreme(a: F, b: F, operation: Static[Any], t: Static[type[F]]) -> F:
    """The lesser or the greater."""
    if a != a or b != b:
        return a + b  # quiets a signalling NaN
    result: F = operation(a, b)
    return result


_BINARY: Final = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "copysign": copysign,
}  # fmt: skip
_UNARY: Final = {
    "abs": fabs, "neg": operator.neg, "ceil": ceil, "floor": floor, "trunc": trunc, "nearest": nearest, "sqrt": sqrt,
}  # fmt: skip
_COMPARISONS: Final = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "gt": operator.gt, "le": operator.le, "ge": operator.ge,
}  # fmt: skip


def _of_type(kind: str, t: Any) -> Iterator[Entry]:
    for name, both in _BINARY.items():
        yield f"{kind}.{name}", scalar.binary, {"operation": both, "t": t}
    for name, one in _UNARY.items():
        yield f"{kind}.{name}", scalar.unary, {"operation": one, "t": t}
    for name, comparison in _COMPARISONS.items():
        yield f"{kind}.{name}", scalar.compare, {"operation": comparison, "s": t, "t": t}
    yield f"{kind}.min", extreme, {"operation": fmin, "t": t}
    yield f"{kind}.max", extreme, {"operation": fmax, "t": t}


MEANING: Final = meanings([*_of_type("f32", f32), *_of_type("f64", f64)])
