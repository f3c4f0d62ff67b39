"""Parts of WebAssembly and its system that an engine can be built without, to be smaller.

What the opcode table says, and with it instructions and handlers, is made when it is imported. So the choice comes
before that: `leave_out` says for this process what its engine is going to lack.
"""

import sys
from collections.abc import Iterable
from enum import StrEnum

from fusee.spec.features import Feature, Unsupported


class Family(StrEnum):
    """By the name that is given to `fusee build --without`."""

    SIMD = "simd"  # vectors, relaxed instructions included
    EXCEPTIONS = "exceptions"  # in both of their forms
    GC = "gc"  # structures, arrays, i31 references, casts
    THREADS = "threads"  # shared memories and atomic instructions
    WASI = "wasi"  # of the C API
    SWITCHES = "switches"  # of proposals: a library has those that are on by default
    NATIVE = "native"  # what linked native code needs: a library has it if such code is linked to it (`OPTIONAL`)

    @property
    def features(self) -> Feature:
        """The proposals whose instructions go with it."""
        return _FEATURES[self]

    @property
    def reason(self) -> Unsupported:
        """Why a module that has such instructions or types is refused."""
        return _REASONS[self]


_FEATURES = {
    Family.SIMD: Feature.SIMD | Feature.RELAXED_SIMD,
    Family.EXCEPTIONS: Feature.EXCEPTIONS | Feature.LEGACY_EXCEPTIONS,
    Family.GC: Feature.GC,
    Family.THREADS: Feature.THREADS,
    Family.WASI: Feature(0),
    Family.SWITCHES: Feature(0),
    Family.NATIVE: Feature(0),
}
_REASONS = {
    Family.SIMD: Unsupported.SIMD,
    Family.EXCEPTIONS: Unsupported.EXCEPTIONS,
    Family.GC: Unsupported.GC,
    Family.THREADS: Unsupported.THREADS,
    Family.WASI: Unsupported.NONE,
    Family.SWITCHES: Unsupported.NONE,
    Family.NATIVE: Unsupported.NONE,
}

OPTIONAL = tuple(family for family in Family if family not in (Family.SWITCHES, Family.NATIVE))
"""What a user may leave out."""

_left_out: frozenset[Family] = frozenset()


def parse(names: str) -> frozenset[Family]:
    """The families of a comma-separated list. Raises ValueError, which names those that there are."""
    words = [word.strip() for word in names.split(",") if word.strip()]
    unknown = [word for word in words if word not in OPTIONAL]
    if unknown:
        raise ValueError(f"no family named {unknown[0]!r}; there are {', '.join(OPTIONAL)}")
    return frozenset(map(Family, words))


def left_out() -> frozenset[Family]:
    """What the engine of this process lacks."""
    return _left_out


def leave_out(families: Iterable[Family]) -> None:
    """Make this process's engine without some families. Raises RuntimeError if it is too late for that."""
    global _left_out
    wanted = frozenset(families)
    if wanted != _left_out and "fusee.spec.op" in sys.modules:
        raise RuntimeError("the engine of this process is already another one")
    _left_out = wanted


def reason_without(feature: Feature) -> Unsupported:
    """Why what needs a feature cannot be executed, if a family that is left out had it."""
    if not _left_out:
        return _NONE
    return next((family.reason for family in Family if family in _left_out and feature & family.features), _NONE)


_NONE = Unsupported.NONE
