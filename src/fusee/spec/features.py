"""The proposals that can be switched on and off, and what an engine may lack."""

from enum import IntEnum, IntFlag
from typing import Final


class Feature(IntFlag):
    """One bit for each proposal beyond Wasm 2.0's scalar part."""

    SIMD = 1 << 0
    RELAXED_SIMD = 1 << 1
    TAIL_CALL = 1 << 2
    MULTI_MEMORY = 1 << 3
    MEMORY64 = 1 << 4
    EXTENDED_CONST = 1 << 5
    FUNCTION_REFERENCES = 1 << 6
    GC = 1 << 7
    EXCEPTIONS = 1 << 8
    THREADS = 1 << 9
    WIDE_ARITHMETIC = 1 << 10
    CUSTOM_PAGE_SIZES = 1 << 11
    COMPACT_IMPORTS = 1 << 13  # phase 4, and what tools write that switch on everything they know
    LEGACY_EXCEPTIONS = 1 << 12  # the form that compilers wrote before version 3.0, and still do by themselves


# Sums: each `|` of flags would make a member of its own, at every start.
WASM_3: Final = Feature(
    sum(
        (
            Feature.SIMD,
            Feature.RELAXED_SIMD,
            Feature.TAIL_CALL,
            Feature.MULTI_MEMORY,
            Feature.MEMORY64,
            Feature.EXTENDED_CONST,
            Feature.FUNCTION_REFERENCES,
            Feature.GC,
            Feature.EXCEPTIONS,
        )
    )
)
"""What the specification's version 3.0 contains."""

DEFAULT_FEATURES: Final = Feature(WASM_3 + Feature.LEGACY_EXCEPTIONS + Feature.COMPACT_IMPORTS + Feature.THREADS)
"""What is switched on if nobody says otherwise."""

ALL_FEATURES: Final = Feature(DEFAULT_FEATURES + Feature.WIDE_ARITHMETIC + Feature.CUSTOM_PAGE_SIZES)


class Unsupported(IntEnum):
    """What an engine may have been built without (`spec.families`): modules that have it are refused."""

    NONE = 0
    THREADS = 1
    SIMD = 2
    EXCEPTIONS = 3
    GC = 4

    @property
    def message(self) -> str:
        """What the user reads when such a module is decoded."""
        return _UNSUPPORTED[self]


_UNSUPPORTED: Final = {
    Unsupported.NONE: "nothing unsupported",
    Unsupported.SIMD: "this engine was built without vectors (simd)",
    Unsupported.EXCEPTIONS: "this engine was built without exceptions (exceptions)",
    Unsupported.GC: "this engine was built without garbage-collected types (gc)",
    Unsupported.THREADS: "this engine was built without shared memories and atomic instructions (threads)",
}
