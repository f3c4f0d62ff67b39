"""What every part of the decoder asks of the module it fills."""

from fusee.engine.arena import Arena
from fusee.engine.state.module import Module
from fusee.kernel.lang import Static, cast, kernel, u32


@kernel(inline=True)
def arena_of(m: Module) -> Arena:
    return cast(Arena, m.arena)


@kernel(inline=True)
def has_feature(m: Module, feature: Static[int]) -> bool:
    return u32(m.features) & feature != 0


@kernel(cold=True)
def note_unsupported(m: Module, construct: u32, offset: u32) -> None:
    """Remember that the module, though valid, has something that cannot be executed yet.

    The first construct met is the one reported; `construct` is a `spec.features.Unsupported`.
    """
    if m.unsupported == 0:
        m.unsupported = construct
        m.unsupported_offset = offset


@kernel(inline=True)
def note_lacking(m: Module, construct: Static[int], offset: u32) -> None:
    """The same of a construct of which it is known whether this engine lacks it (`spec.families`); 0: it does not."""
    if construct != 0:
        note_unsupported(m, u32(construct), offset)
