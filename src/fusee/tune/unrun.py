"""A profile of a module that nobody runs: a library of vector kernels, of which one knows where they spend their time.

That is in innermost loops without calls that have vectors. All of these count alike, whatever is around them.
"""

from collections.abc import Sequence
from pathlib import Path

from fusee.engine.isa.families import family_of
from fusee.spec.families import Family
from fusee.tune.lister import Block, Lister
from fusee.tune.profile import Profile


def guess_profile(module: Path) -> Profile:
    """The profile of a module's loops with vectors. Raises OSError, and FuseeError if the module is not valid."""
    binary = module.read_bytes()
    lister = Lister()
    functions = {}
    for index, blocks in lister.all_blocks(binary):
        counts = in_loops(blocks)
        if any(counts):
            functions[index] = counts
    return Profile(binary, functions)


def in_loops(blocks: Sequence[Block]) -> list[int]:
    """For each block of a function: 1 if it is in a loop that counts."""
    counts = [0] * len(blocks)
    first, has_vectors = None, False
    for number, block in enumerate(blocks):
        if block.begins_loop:
            first, has_vectors = number, False
        for cell in block.cells:
            has_vectors = has_vectors or family_of(cell.row) is Family.SIMD
            if cell.row.family.endswith("_loop") and first is not None and has_vectors:
                counts[first : number + 1] = [1] * (number + 1 - first)
    return counts
