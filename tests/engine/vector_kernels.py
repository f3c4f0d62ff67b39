"""Every vector operator as a kernel on memory: operands one after the other, the result at the start."""

from typing import Any

from fusee.engine.numeric.vector import MEANING
from fusee.kernel.build import symbol_of
from fusee.kernel.lang import Instance, Ptr, Static, f32, f64, instance, kernel, load, store, u8, u16, u32, u64, v128
from fusee.spec.op import BY_MNEMONIC, Imm

SLOT_BYTES = 16
TYPES: dict[str, Any] = {"i32": u32, "i64": u64, "f32": f32, "f64": f64, "v128": v128}
ACCESSED: dict[int, Any] = {1: u8, 2: u16, 4: u32, 8: u64}


@kernel
def apply(p: Ptr[u8], meaning: Static[Any], kinds: Static[tuple[Any, ...]], last: Static[tuple[int, ...]]) -> None:
    """`last` are the static arguments: the number of a lane, or nothing."""
    if len(kinds) == 1 and len(last) == 0:
        store(p, meaning(load(kinds[0], p)))
    elif len(kinds) == 1:
        store(p, meaning(load(kinds[0], p), last[0]))
    elif len(kinds) == 2 and len(last) == 0:
        store(p, meaning(load(kinds[0], p), load(kinds[1], p + 16)))
    elif len(kinds) == 2:
        store(p, meaning(load(kinds[0], p), load(kinds[1], p + 16), last[0]))
    else:
        store(p, meaning(load(kinds[0], p), load(kinds[1], p + 16), load(kinds[2], p + 32)))


def operand_types(mnemonic: str) -> tuple[Any, ...]:
    """What the meaning takes: for a load the number in memory instead of the address, of lanes also the vector."""
    row = BY_MNEMONIC[mnemonic]
    assert row.params is not None
    if mnemonic == "i8x16.shuffle":
        return v128, v128, v128
    if row.width:
        number = () if "store" in mnemonic else (ACCESSED[row.width],)
        return (*((v128,) if "v128" in row.params else ()), *number)
    return tuple(TYPES[kind] for kind in row.params)


def lane_of(mnemonic: str) -> tuple[int, ...]:
    """A lane for the instructions that have one as immediate: the last but one, of two the last."""
    row = BY_MNEMONIC[mnemonic]
    return (max(row.lanes - 2, 1),) if Imm.LANE in row.immediates else ()


KERNELS: dict[str, Instance] = {
    mnemonic: instance(apply, meaning=meaning, kinds=operand_types(mnemonic), last=lane_of(mnemonic))
    for mnemonic, meaning in MEANING.items()
}

ENTRIES = list({symbol_of(kernel): kernel for kernel in KERNELS.values()}.values())
"""Relaxed operators are often the same as others."""
