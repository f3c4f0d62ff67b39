"""Sixteen bytes under CPython: `v128`, and the types that see lanes in them."""

from __future__ import annotations

from typing import Any, Self

from fusee.kernel.floats import f32, f64
from fusee.kernel.integer import Scalar
from fusee.kernel.laneclasses import BITS, FloatLanes, IntegerLanes, Lanes
from fusee.kernel.scalars import i8, i16, i32, i64, u8, u16, u32, u64

_new = object.__new__


class v128(Scalar):  # noqa: N801
    """Sixteen bytes; what they mean is up to the operation."""

    __slots__ = ("_pattern",)
    _pattern: int
    bits = BITS

    def to_bits(self) -> int:
        return self._pattern

    @classmethod
    def from_bits(cls, pattern: int) -> Self:
        result = _new(cls)
        result._pattern = pattern
        return result

    def __eq__(self, other: object) -> bool:
        return self._pattern == other._pattern if isinstance(other, v128) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._pattern)

    def __repr__(self) -> str:
        return f"v128.from_bits({self._pattern:#034x})"


class u8x16(IntegerLanes[u8, "u8x16"], element=u8):  # noqa: N801
    """Sixteen unsigned bytes."""

    __slots__ = ()


class u16x8(IntegerLanes[u16, "u16x8"], element=u16):  # noqa: N801
    """Eight unsigned 16-bit integers."""

    __slots__ = ()


class u32x4(IntegerLanes[u32, "u32x4"], element=u32):  # noqa: N801
    """Four unsigned 32-bit integers."""

    __slots__ = ()


class u64x2(IntegerLanes[u64, "u64x2"], element=u64):  # noqa: N801
    """Two unsigned 64-bit integers."""

    __slots__ = ()


class i8x16(IntegerLanes[i8, u8x16], element=i8):  # noqa: N801
    """Sixteen signed bytes."""

    __slots__ = ()


class i16x8(IntegerLanes[i16, u16x8], element=i16):  # noqa: N801
    """Eight signed 16-bit integers."""

    __slots__ = ()


class i32x4(IntegerLanes[i32, u32x4], element=i32):  # noqa: N801
    """Four signed 32-bit integers."""

    __slots__ = ()


class i64x2(IntegerLanes[i64, u64x2], element=i64):  # noqa: N801
    """Two signed 64-bit integers."""

    __slots__ = ()


class f32x4(FloatLanes[f32, u32x4], element=f32):  # noqa: N801
    """Four binary32 numbers."""

    __slots__ = ()


class f64x2(FloatLanes[f64, u64x2], element=f64):  # noqa: N801
    """Two binary64 numbers."""

    __slots__ = ()


LANE_TYPES: tuple[type[Lanes[Any, Any]], ...] = (
    i8x16, u8x16, i16x8, u16x8, i32x4, u32x4, i64x2, u64x2, f32x4, f64x2,
)  # fmt: skip

for _kind in LANE_TYPES:
    _kind.mask = {8: u8x16, 16: u16x8, 32: u32x4, 64: u64x2}[_kind.element.bits]
