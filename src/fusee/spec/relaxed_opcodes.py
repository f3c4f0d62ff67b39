"""Rows of the relaxed vector instructions (spec 5.4.8)."""

from fusee.spec.features import Feature
from fusee.spec.op import op

_RELAXED_SIMD = Feature.RELAXED_SIMD

I8X16_RELAXED_SWIZZLE = op(0xFD_100, "i8x16.relaxed_swizzle", "v128 v128 -> v128", feature=_RELAXED_SIMD)
I32X4_RELAXED_TRUNC_F32X4_S = op(0xFD_101, "i32x4.relaxed_trunc_f32x4_s", "v128 -> v128", feature=_RELAXED_SIMD)
I32X4_RELAXED_TRUNC_F32X4_U = op(0xFD_102, "i32x4.relaxed_trunc_f32x4_u", "v128 -> v128", feature=_RELAXED_SIMD)
I32X4_RELAXED_TRUNC_F64X2_S_ZERO = op(
    0xFD_103, "i32x4.relaxed_trunc_f64x2_s_zero", "v128 -> v128", feature=_RELAXED_SIMD
)
I32X4_RELAXED_TRUNC_F64X2_U_ZERO = op(
    0xFD_104, "i32x4.relaxed_trunc_f64x2_u_zero", "v128 -> v128", feature=_RELAXED_SIMD
)
F32X4_RELAXED_MADD = op(0xFD_105, "f32x4.relaxed_madd", "v128 v128 v128 -> v128", feature=_RELAXED_SIMD)
F32X4_RELAXED_NMADD = op(0xFD_106, "f32x4.relaxed_nmadd", "v128 v128 v128 -> v128", feature=_RELAXED_SIMD)
F64X2_RELAXED_MADD = op(0xFD_107, "f64x2.relaxed_madd", "v128 v128 v128 -> v128", feature=_RELAXED_SIMD)
F64X2_RELAXED_NMADD = op(0xFD_108, "f64x2.relaxed_nmadd", "v128 v128 v128 -> v128", feature=_RELAXED_SIMD)
I8X16_RELAXED_LANESELECT = op(0xFD_109, "i8x16.relaxed_laneselect", "v128 v128 v128 -> v128", feature=_RELAXED_SIMD)
I16X8_RELAXED_LANESELECT = op(0xFD_10A, "i16x8.relaxed_laneselect", "v128 v128 v128 -> v128", feature=_RELAXED_SIMD)
I32X4_RELAXED_LANESELECT = op(0xFD_10B, "i32x4.relaxed_laneselect", "v128 v128 v128 -> v128", feature=_RELAXED_SIMD)
I64X2_RELAXED_LANESELECT = op(0xFD_10C, "i64x2.relaxed_laneselect", "v128 v128 v128 -> v128", feature=_RELAXED_SIMD)
F32X4_RELAXED_MIN = op(0xFD_10D, "f32x4.relaxed_min", "v128 v128 -> v128", feature=_RELAXED_SIMD)
F32X4_RELAXED_MAX = op(0xFD_10E, "f32x4.relaxed_max", "v128 v128 -> v128", feature=_RELAXED_SIMD)
F64X2_RELAXED_MIN = op(0xFD_10F, "f64x2.relaxed_min", "v128 v128 -> v128", feature=_RELAXED_SIMD)
F64X2_RELAXED_MAX = op(0xFD_110, "f64x2.relaxed_max", "v128 v128 -> v128", feature=_RELAXED_SIMD)
I16X8_RELAXED_Q15MULR_S = op(0xFD_111, "i16x8.relaxed_q15mulr_s", "v128 v128 -> v128", feature=_RELAXED_SIMD)
I16X8_RELAXED_DOT_I8X16_I7X16_S = op(
    0xFD_112, "i16x8.relaxed_dot_i8x16_i7x16_s", "v128 v128 -> v128", feature=_RELAXED_SIMD
)
I32X4_RELAXED_DOT_I8X16_I7X16_ADD_S = op(
    0xFD_113, "i32x4.relaxed_dot_i8x16_i7x16_add_s", "v128 v128 v128 -> v128", feature=_RELAXED_SIMD
)
