"""Rows of the atomic instructions (threads proposal)."""

from fusee.spec.features import Feature
from fusee.spec.op import Imm, op

_THREADS = Feature.THREADS

MEMORY_ATOMIC_NOTIFY = op(0xFE_000, "memory.atomic.notify", "addr i32 -> i32", Imm.MEMARG, width=4, feature=_THREADS)
MEMORY_ATOMIC_WAIT32 = op(
    0xFE_001, "memory.atomic.wait32", "addr i32 i64 -> i32", Imm.MEMARG, width=4, traps=True, feature=_THREADS
)
MEMORY_ATOMIC_WAIT64 = op(
    0xFE_002, "memory.atomic.wait64", "addr i64 i64 -> i32", Imm.MEMARG, width=8, traps=True, feature=_THREADS
)
ATOMIC_FENCE = op(0xFE_003, "atomic.fence", "->", Imm.ZERO, feature=_THREADS)
I32_ATOMIC_LOAD = op(0xFE_010, "i32.atomic.load", "addr -> i32", Imm.MEMARG, width=4, feature=_THREADS)
I64_ATOMIC_LOAD = op(0xFE_011, "i64.atomic.load", "addr -> i64", Imm.MEMARG, width=8, feature=_THREADS)
I32_ATOMIC_LOAD8_U = op(0xFE_012, "i32.atomic.load8_u", "addr -> i32", Imm.MEMARG, width=1, feature=_THREADS)
I32_ATOMIC_LOAD16_U = op(0xFE_013, "i32.atomic.load16_u", "addr -> i32", Imm.MEMARG, width=2, feature=_THREADS)
I64_ATOMIC_LOAD8_U = op(0xFE_014, "i64.atomic.load8_u", "addr -> i64", Imm.MEMARG, width=1, feature=_THREADS)
I64_ATOMIC_LOAD16_U = op(0xFE_015, "i64.atomic.load16_u", "addr -> i64", Imm.MEMARG, width=2, feature=_THREADS)
I64_ATOMIC_LOAD32_U = op(0xFE_016, "i64.atomic.load32_u", "addr -> i64", Imm.MEMARG, width=4, feature=_THREADS)
I32_ATOMIC_STORE = op(0xFE_017, "i32.atomic.store", "addr i32 ->", Imm.MEMARG, width=4, feature=_THREADS)
I64_ATOMIC_STORE = op(0xFE_018, "i64.atomic.store", "addr i64 ->", Imm.MEMARG, width=8, feature=_THREADS)
I32_ATOMIC_STORE8 = op(0xFE_019, "i32.atomic.store8", "addr i32 ->", Imm.MEMARG, width=1, feature=_THREADS)
I32_ATOMIC_STORE16 = op(0xFE_01A, "i32.atomic.store16", "addr i32 ->", Imm.MEMARG, width=2, feature=_THREADS)
I64_ATOMIC_STORE8 = op(0xFE_01B, "i64.atomic.store8", "addr i64 ->", Imm.MEMARG, width=1, feature=_THREADS)
I64_ATOMIC_STORE16 = op(0xFE_01C, "i64.atomic.store16", "addr i64 ->", Imm.MEMARG, width=2, feature=_THREADS)
I64_ATOMIC_STORE32 = op(0xFE_01D, "i64.atomic.store32", "addr i64 ->", Imm.MEMARG, width=4, feature=_THREADS)
I32_ATOMIC_RMW_ADD = op(0xFE_01E, "i32.atomic.rmw.add", "addr i32 -> i32", Imm.MEMARG, width=4, feature=_THREADS)
I64_ATOMIC_RMW_ADD = op(0xFE_01F, "i64.atomic.rmw.add", "addr i64 -> i64", Imm.MEMARG, width=8, feature=_THREADS)
I32_ATOMIC_RMW8_ADD_U = op(0xFE_020, "i32.atomic.rmw8.add_u", "addr i32 -> i32", Imm.MEMARG, width=1, feature=_THREADS)
I32_ATOMIC_RMW16_ADD_U = op(
    0xFE_021, "i32.atomic.rmw16.add_u", "addr i32 -> i32", Imm.MEMARG, width=2, feature=_THREADS
)
I64_ATOMIC_RMW8_ADD_U = op(0xFE_022, "i64.atomic.rmw8.add_u", "addr i64 -> i64", Imm.MEMARG, width=1, feature=_THREADS)
I64_ATOMIC_RMW16_ADD_U = op(
    0xFE_023, "i64.atomic.rmw16.add_u", "addr i64 -> i64", Imm.MEMARG, width=2, feature=_THREADS
)
I64_ATOMIC_RMW32_ADD_U = op(
    0xFE_024, "i64.atomic.rmw32.add_u", "addr i64 -> i64", Imm.MEMARG, width=4, feature=_THREADS
)
I32_ATOMIC_RMW_SUB = op(0xFE_025, "i32.atomic.rmw.sub", "addr i32 -> i32", Imm.MEMARG, width=4, feature=_THREADS)
I64_ATOMIC_RMW_SUB = op(0xFE_026, "i64.atomic.rmw.sub", "addr i64 -> i64", Imm.MEMARG, width=8, feature=_THREADS)
I32_ATOMIC_RMW8_SUB_U = op(0xFE_027, "i32.atomic.rmw8.sub_u", "addr i32 -> i32", Imm.MEMARG, width=1, feature=_THREADS)
I32_ATOMIC_RMW16_SUB_U = op(
    0xFE_028, "i32.atomic.rmw16.sub_u", "addr i32 -> i32", Imm.MEMARG, width=2, feature=_THREADS
)
I64_ATOMIC_RMW8_SUB_U = op(0xFE_029, "i64.atomic.rmw8.sub_u", "addr i64 -> i64", Imm.MEMARG, width=1, feature=_THREADS)
I64_ATOMIC_RMW16_SUB_U = op(
    0xFE_02A, "i64.atomic.rmw16.sub_u", "addr i64 -> i64", Imm.MEMARG, width=2, feature=_THREADS
)
I64_ATOMIC_RMW32_SUB_U = op(
    0xFE_02B, "i64.atomic.rmw32.sub_u", "addr i64 -> i64", Imm.MEMARG, width=4, feature=_THREADS
)
I32_ATOMIC_RMW_AND = op(0xFE_02C, "i32.atomic.rmw.and", "addr i32 -> i32", Imm.MEMARG, width=4, feature=_THREADS)
I64_ATOMIC_RMW_AND = op(0xFE_02D, "i64.atomic.rmw.and", "addr i64 -> i64", Imm.MEMARG, width=8, feature=_THREADS)
I32_ATOMIC_RMW8_AND_U = op(0xFE_02E, "i32.atomic.rmw8.and_u", "addr i32 -> i32", Imm.MEMARG, width=1, feature=_THREADS)
I32_ATOMIC_RMW16_AND_U = op(
    0xFE_02F, "i32.atomic.rmw16.and_u", "addr i32 -> i32", Imm.MEMARG, width=2, feature=_THREADS
)
I64_ATOMIC_RMW8_AND_U = op(0xFE_030, "i64.atomic.rmw8.and_u", "addr i64 -> i64", Imm.MEMARG, width=1, feature=_THREADS)
I64_ATOMIC_RMW16_AND_U = op(
    0xFE_031, "i64.atomic.rmw16.and_u", "addr i64 -> i64", Imm.MEMARG, width=2, feature=_THREADS
)
I64_ATOMIC_RMW32_AND_U = op(
    0xFE_032, "i64.atomic.rmw32.and_u", "addr i64 -> i64", Imm.MEMARG, width=4, feature=_THREADS
)
I32_ATOMIC_RMW_OR = op(0xFE_033, "i32.atomic.rmw.or", "addr i32 -> i32", Imm.MEMARG, width=4, feature=_THREADS)
I64_ATOMIC_RMW_OR = op(0xFE_034, "i64.atomic.rmw.or", "addr i64 -> i64", Imm.MEMARG, width=8, feature=_THREADS)
I32_ATOMIC_RMW8_OR_U = op(0xFE_035, "i32.atomic.rmw8.or_u", "addr i32 -> i32", Imm.MEMARG, width=1, feature=_THREADS)
I32_ATOMIC_RMW16_OR_U = op(0xFE_036, "i32.atomic.rmw16.or_u", "addr i32 -> i32", Imm.MEMARG, width=2, feature=_THREADS)
I64_ATOMIC_RMW8_OR_U = op(0xFE_037, "i64.atomic.rmw8.or_u", "addr i64 -> i64", Imm.MEMARG, width=1, feature=_THREADS)
I64_ATOMIC_RMW16_OR_U = op(0xFE_038, "i64.atomic.rmw16.or_u", "addr i64 -> i64", Imm.MEMARG, width=2, feature=_THREADS)
I64_ATOMIC_RMW32_OR_U = op(0xFE_039, "i64.atomic.rmw32.or_u", "addr i64 -> i64", Imm.MEMARG, width=4, feature=_THREADS)
I32_ATOMIC_RMW_XOR = op(0xFE_03A, "i32.atomic.rmw.xor", "addr i32 -> i32", Imm.MEMARG, width=4, feature=_THREADS)
I64_ATOMIC_RMW_XOR = op(0xFE_03B, "i64.atomic.rmw.xor", "addr i64 -> i64", Imm.MEMARG, width=8, feature=_THREADS)
I32_ATOMIC_RMW8_XOR_U = op(0xFE_03C, "i32.atomic.rmw8.xor_u", "addr i32 -> i32", Imm.MEMARG, width=1, feature=_THREADS)
I32_ATOMIC_RMW16_XOR_U = op(
    0xFE_03D, "i32.atomic.rmw16.xor_u", "addr i32 -> i32", Imm.MEMARG, width=2, feature=_THREADS
)
I64_ATOMIC_RMW8_XOR_U = op(0xFE_03E, "i64.atomic.rmw8.xor_u", "addr i64 -> i64", Imm.MEMARG, width=1, feature=_THREADS)
I64_ATOMIC_RMW16_XOR_U = op(
    0xFE_03F, "i64.atomic.rmw16.xor_u", "addr i64 -> i64", Imm.MEMARG, width=2, feature=_THREADS
)
I64_ATOMIC_RMW32_XOR_U = op(
    0xFE_040, "i64.atomic.rmw32.xor_u", "addr i64 -> i64", Imm.MEMARG, width=4, feature=_THREADS
)
I32_ATOMIC_RMW_XCHG = op(0xFE_041, "i32.atomic.rmw.xchg", "addr i32 -> i32", Imm.MEMARG, width=4, feature=_THREADS)
I64_ATOMIC_RMW_XCHG = op(0xFE_042, "i64.atomic.rmw.xchg", "addr i64 -> i64", Imm.MEMARG, width=8, feature=_THREADS)
I32_ATOMIC_RMW8_XCHG_U = op(
    0xFE_043, "i32.atomic.rmw8.xchg_u", "addr i32 -> i32", Imm.MEMARG, width=1, feature=_THREADS
)
I32_ATOMIC_RMW16_XCHG_U = op(
    0xFE_044, "i32.atomic.rmw16.xchg_u", "addr i32 -> i32", Imm.MEMARG, width=2, feature=_THREADS
)
I64_ATOMIC_RMW8_XCHG_U = op(
    0xFE_045, "i64.atomic.rmw8.xchg_u", "addr i64 -> i64", Imm.MEMARG, width=1, feature=_THREADS
)
I64_ATOMIC_RMW16_XCHG_U = op(
    0xFE_046, "i64.atomic.rmw16.xchg_u", "addr i64 -> i64", Imm.MEMARG, width=2, feature=_THREADS
)
I64_ATOMIC_RMW32_XCHG_U = op(
    0xFE_047, "i64.atomic.rmw32.xchg_u", "addr i64 -> i64", Imm.MEMARG, width=4, feature=_THREADS
)
I32_ATOMIC_RMW_CMPXCHG = op(
    0xFE_048, "i32.atomic.rmw.cmpxchg", "addr i32 i32 -> i32", Imm.MEMARG, width=4, feature=_THREADS
)
I64_ATOMIC_RMW_CMPXCHG = op(
    0xFE_049, "i64.atomic.rmw.cmpxchg", "addr i64 i64 -> i64", Imm.MEMARG, width=8, feature=_THREADS
)
I32_ATOMIC_RMW8_CMPXCHG_U = op(
    0xFE_04A, "i32.atomic.rmw8.cmpxchg_u", "addr i32 i32 -> i32", Imm.MEMARG, width=1, feature=_THREADS
)
I32_ATOMIC_RMW16_CMPXCHG_U = op(
    0xFE_04B, "i32.atomic.rmw16.cmpxchg_u", "addr i32 i32 -> i32", Imm.MEMARG, width=2, feature=_THREADS
)
I64_ATOMIC_RMW8_CMPXCHG_U = op(
    0xFE_04C, "i64.atomic.rmw8.cmpxchg_u", "addr i64 i64 -> i64", Imm.MEMARG, width=1, feature=_THREADS
)
I64_ATOMIC_RMW16_CMPXCHG_U = op(
    0xFE_04D, "i64.atomic.rmw16.cmpxchg_u", "addr i64 i64 -> i64", Imm.MEMARG, width=2, feature=_THREADS
)
I64_ATOMIC_RMW32_CMPXCHG_U = op(
    0xFE_04E, "i64.atomic.rmw32.cmpxchg_u", "addr i64 i64 -> i64", Imm.MEMARG, width=4, feature=_THREADS
)
