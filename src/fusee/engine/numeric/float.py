"""Floating-point operators and comparisons (spec 4.3.3)."""

from fusee.kernel.lang import ceil, copysign, f32, f64, fabs, floor, fmax, fmin, kernel, nearest, sqrt, trunc


@kernel(inline=True)
def f32_add(a: f32, b: f32) -> f32:
    return a + b


@kernel(inline=True)
def f32_sub(a: f32, b: f32) -> f32:
    return a - b


@kernel(inline=True)
def f32_mul(a: f32, b: f32) -> f32:
    return a * b


@kernel(inline=True)
def f32_div(a: f32, b: f32) -> f32:
    return a / b


@kernel(inline=True)
def f32_min(a: f32, b: f32) -> f32:
    if a != a or b != b:
        return a + b  # quiets a signalling NaN
    return fmin(a, b)


@kernel(inline=True)
def f32_max(a: f32, b: f32) -> f32:
    if a != a or b != b:
        return a + b  # quiets a signalling NaN
    return fmax(a, b)


@kernel(inline=True)
def f32_copysign(a: f32, b: f32) -> f32:
    return copysign(a, b)


@kernel(inline=True)
def f32_abs(a: f32) -> f32:
    return fabs(a)


@kernel(inline=True)
def f32_neg(a: f32) -> f32:
    return -a


@kernel(inline=True)
def f32_ceil(a: f32) -> f32:
    return ceil(a)


@kernel(inline=True)
def f32_floor(a: f32) -> f32:
    return floor(a)


@kernel(inline=True)
def f32_trunc(a: f32) -> f32:
    return trunc(a)


@kernel(inline=True)
def f32_nearest(a: f32) -> f32:
    return nearest(a)


@kernel(inline=True)
def f32_sqrt(a: f32) -> f32:
    return sqrt(a)


@kernel(inline=True)
def f32_eq(a: f32, b: f32) -> bool:
    return a == b


@kernel(inline=True)
def f32_ne(a: f32, b: f32) -> bool:
    return a != b


@kernel(inline=True)
def f32_lt(a: f32, b: f32) -> bool:
    return a < b


@kernel(inline=True)
def f32_gt(a: f32, b: f32) -> bool:
    return a > b


@kernel(inline=True)
def f32_le(a: f32, b: f32) -> bool:
    return a <= b


@kernel(inline=True)
def f32_ge(a: f32, b: f32) -> bool:
    return a >= b


@kernel(inline=True)
def f64_add(a: f64, b: f64) -> f64:
    return a + b


@kernel(inline=True)
def f64_sub(a: f64, b: f64) -> f64:
    return a - b


@kernel(inline=True)
def f64_mul(a: f64, b: f64) -> f64:
    return a * b


@kernel(inline=True)
def f64_div(a: f64, b: f64) -> f64:
    return a / b


@kernel(inline=True)
def f64_min(a: f64, b: f64) -> f64:
    if a != a or b != b:
        return a + b  # quiets a signalling NaN
    return fmin(a, b)


@kernel(inline=True)
def f64_max(a: f64, b: f64) -> f64:
    if a != a or b != b:
        return a + b  # quiets a signalling NaN
    return fmax(a, b)


@kernel(inline=True)
def f64_copysign(a: f64, b: f64) -> f64:
    return copysign(a, b)


@kernel(inline=True)
def f64_abs(a: f64) -> f64:
    return fabs(a)


@kernel(inline=True)
def f64_neg(a: f64) -> f64:
    return -a


@kernel(inline=True)
def f64_ceil(a: f64) -> f64:
    return ceil(a)


@kernel(inline=True)
def f64_floor(a: f64) -> f64:
    return floor(a)


@kernel(inline=True)
def f64_trunc(a: f64) -> f64:
    return trunc(a)


@kernel(inline=True)
def f64_nearest(a: f64) -> f64:
    return nearest(a)


@kernel(inline=True)
def f64_sqrt(a: f64) -> f64:
    return sqrt(a)


@kernel(inline=True)
def f64_eq(a: f64, b: f64) -> bool:
    return a == b


@kernel(inline=True)
def f64_ne(a: f64, b: f64) -> bool:
    return a != b


@kernel(inline=True)
def f64_lt(a: f64, b: f64) -> bool:
    return a < b


@kernel(inline=True)
def f64_gt(a: f64, b: f64) -> bool:
    return a > b


@kernel(inline=True)
def f64_le(a: f64, b: f64) -> bool:
    return a <= b


@kernel(inline=True)
def f64_ge(a: f64, b: f64) -> bool:
    return a >= b
