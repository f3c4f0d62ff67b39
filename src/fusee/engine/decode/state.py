"""What every part of the decoder asks of the module it fills."""

from typing import Final

from fusee.engine.arena import Arena
from fusee.engine.errors import Unsupported
from fusee.engine.present import HAS_SWITCHES
from fusee.engine.state.module import Module
from fusee.kernel.lang import Static, cast, kernel, u32
from fusee.spec.features import DEFAULT_FEATURES

FIXED_FEATURES: Final = int(DEFAULT_FEATURES)


@kernel(inline=True)
def arena_of(m: Module) -> Arena:
    return cast(Arena, m.arena)


@kernel(inline=True)
def has_feature(m: Module, feature: Static[int]) -> bool:
    """Whether a proposal is on. In a library that is known when it is built."""
    if not HAS_SWITCHES:
        return feature & FIXED_FEATURES != 0
    return u32(m.features) & feature != 0


@kernel(inline=True)
def refuse_lacking(construct: Static[int], offset: u32) -> None:
    """Raise `Unsupported` if the engine was built without this construct (`spec.features.Unsupported`); 0: it was not.

    So nothing behind this need be compiled: what such a module has besides is not looked at.
    """
    if construct != 0:
        raise Unsupported(construct, offset)
