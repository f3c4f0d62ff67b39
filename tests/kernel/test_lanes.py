"""Lanes under CPython: what they are, and which uses are mistakes. What they compute is in `programs/lanes`."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusee.kernel.arena import allocate_simulated, simulate
from fusee.kernel.faults import ArithmeticFault
from fusee.kernel.floatmath import fmin
from fusee.kernel.intrinsics import bitcast, minimum, select
from fusee.kernel.lanes import LANE_TYPES, f32x4, f64x2, i8x16, i16x8, i32x4, u8x16, u16x8, u32x4, u64x2, v128
from fusee.kernel.memory import load, read_bytes, store
from fusee.kernel.scalars import u8, u32, u64
from fusee.kernel.shuffles import dot, lane_at, narrow_sat, shuffle, splat, swizzle_pair, widen_low, with_lane
from fusee.kernel.target import ILP32

patterns = st.integers(0, (1 << 128) - 1)


@given(patterns)
def test_lanes_are_the_bytes_in_order(pattern: int) -> None:
    data = pattern.to_bytes(16, "little")
    for kind in LANE_TYPES:
        lanes = bitcast(kind, v128.from_bits(pattern))
        width = kind.element.bits // 8
        pieces = [data[at : at + width] for at in range(0, 16, width)]
        assert [lane.to_bits().to_bytes(width, "little") for lane in lanes.lanes()] == pieces
        assert lanes[kind.count - 1].to_bits() == int.from_bytes(pieces[-1], "little")
        assert kind.joined(lanes.lanes()).to_bits() == pattern


@given(patterns)
def test_memory(pattern: int) -> None:
    with simulate(ILP32):
        memory = allocate_simulated(33)
        store(memory + 1, u16x8.from_bits(pattern))
        assert read_bytes(memory + 1, 16) == pattern.to_bytes(16, "little")
        assert load(u32x4, memory + 1).to_bits() == pattern


def test_a_comparison_gives_a_mask() -> None:
    mask = i16x8.of(1, 2, 3, 4, -5, 6, 7, 8) < 4
    assert type(mask) is u16x8
    assert [int(lane) for lane in mask.lanes()] == [0xFFFF, 0xFFFF, 0xFFFF, 0, 0xFFFF, 0, 0, 0]
    with pytest.raises(TypeError, match="not a condition"):
        bool(mask)
    assert type(f64x2.of(1.0, 2.0) == f64x2.of(1.0, 3.0)) is u64x2


def test_a_lane_has_a_number() -> None:
    lanes = i16x8.of(*range(-4, 4))
    assert [int(lane_at(lanes, u32(number))) for number in (0, 7, 8, 0xFFFF_FFFF)] == [-4, 3, -4, 3]


def test_a_mask_chooses_by_its_first_bit() -> None:
    chosen = select(u32x4.of(1 << 31, (1 << 31) - 1, 0, 0xFFFF_FFFF), i32x4.of(1, 2, 3, 4), i32x4.of(-1, -2, -3, -4))
    assert chosen.to_bits() == i32x4.of(1, -2, -3, 4).to_bits()


def test_shown() -> None:
    assert repr(i32x4.of(1, -2, 3, 4)) == "i32x4.of(1, -2, 3, 4)"
    assert repr(splat(f64x2, 0.5)) == "f64x2.of(0.5, 0.5)"


BYTES, WORDS = splat(u8x16, 1), splat(i16x8, 1)
MISTAKES: dict[str, tuple[type[Exception], Callable[[], object]]] = {
    "types mix": (TypeError, lambda: BYTES + splat(i8x16, 1)),  # type: ignore[operator]
    "a scalar": (TypeError, lambda: BYTES + u8(1)),  # type: ignore[operator]
    "a literal too great": (OverflowError, lambda: BYTES + 256),
    "a float among integers": (TypeError, lambda: minimum(BYTES, 1.5)),  # type: ignore[call-overload]
    "a count too great": (ArithmeticFault, lambda: WORDS << 16),
    "a count of another type": (TypeError, lambda: WORDS >> u64(1)),  # type: ignore[operator]
    "lanes too few": (TypeError, lambda: u32x4.of(1, 2, 3)),
    "no such lane": (IndexError, lambda: BYTES[16]),
    "no such lane to replace": (IndexError, lambda: with_lane(BYTES, 16, 0)),
    "iteration": (TypeError, lambda: list(BYTES)),
    "a conversion of other counts": (TypeError, lambda: u16x8(BYTES)),
    "widths that do not fit": (TypeError, lambda: widen_low(u32x4, BYTES)),
    "widths that do not fit to narrow": (TypeError, lambda: narrow_sat(u8x16, splat(u32x4, 1), splat(u32x4, 1))),
    "a mask of others": (TypeError, lambda: select(BYTES == 1, WORDS, WORDS)),
    "floats of two types": (TypeError, lambda: fmin(splat(f32x4, 1.0), splat(f64x2, 1.0))),  # type: ignore[type-var]
    "a place too great": (ArithmeticFault, lambda: swizzle_pair(BYTES, BYTES, splat(u8x16, 32))),
    "shuffled with too few numbers": (TypeError, lambda: shuffle(BYTES, BYTES, (1, 2))),
    "a number beyond both": (IndexError, lambda: shuffle(splat(u32x4, u32(1)), splat(u32x4, 2), (0, 1, 2, 8))),
    "a product of others": (KeyError, lambda: dot(BYTES, BYTES)),  # type: ignore[call-overload]
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(mistake: str) -> None:
    error, use = MISTAKES[mistake]
    with pytest.raises(error):
        use()
