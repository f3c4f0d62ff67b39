"""The shapes of numeric operators: how an operation is applied to operands (spec 4.3).

Operations, which are functions of the kernel language or of Python's `operator`, and types are static. Integers are
unsigned here; an operator that is signed sees them as an `s`. Comparisons give `bool`.
"""

from typing import Any, TypeVar

from fusee.kernel.lang import Static, bitcast, f32, f64, kernel, u32, u64

N = TypeVar("N", u32, u64, f32, f64)
R = TypeVar("R", u32, u64, f32, f64)


@kernel(inline=True)
def unary(a: N, operation: Static[Any], t: Static[type[N]]) -> N:
    result: N = operation(a)
    return result


@kernel(inline=True)
def binary(a: N, b: N, operation: Static[Any], t: Static[type[N]]) -> N:
    result: N = operation(a, b)
    return result


@kernel(inline=True)
def compare(a: N, b: N, operation: Static[Any], s: Static[Any], t: Static[type[N]]) -> bool:
    answer: bool = operation(s(a), s(b))
    return answer


@kernel(inline=True)
def convert(a: N, s: Static[Any], t: Static[type[R]], n: Static[type[N]]) -> R:
    """An `n`, seen as an `s`, as the number of type `t` that is equal, nearest, or the same modulo 2ⁿ."""
    return t(s(a))


@kernel(inline=True)
def reinterpret(a: N, t: Static[type[R]], n: Static[type[N]]) -> R:
    return bitcast(t, a)
