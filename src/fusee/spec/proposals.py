"""Proposals that give a meaning to bytes which version 3.0 of the specification calls malformed.

A program made by a newer compiler, or by an older one, is not a broken file, and its user should read what it needs.
The decoder only knows that a byte is wrong; from the byte and the kind of the error follows whose byte it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import fusee.spec.opcodes  # noqa: F401  # its rows are asked for by index
from fusee.spec.errors import ModuleError
from fusee.spec.features import Feature
from fusee.spec.op import BY_INDEX, INDEX_BASE

_STACK_SWITCHING: Final = range(0xE0, 0xE8)  # cont.new to switch
_DESCRIPTORS: Final = range(32, 40)  # behind 0xFB: struct.new_desc to br_on_cast_desc_eq_fail
_COMPACT_IMPORTS: Final = frozenset({0x7E, 0x7F})  # in place of an import's kind
_SHARED: Final = 0x02  # flags of limits
_MEMORY64: Final = 0x04
_PAGE_SIZE: Final = 0x08
_COMPONENT: Final = bytes.fromhex("0d000100")  # in place of the version


@dataclass(frozen=True)
class _Sign:
    """A wrong byte, or one of several, that a proposal has a meaning for."""

    error: ModuleError
    is_met: Callable[[bytes], bool]  # asked of the bytes from the error's offset on
    meaning: str


def _first(*values: int) -> Callable[[bytes], bool]:
    return lambda found: found[0] in values


_WITHOUT_DESCRIPTORS: Final = (
    "exact types and descriptors (custom descriptors, a proposal) are not supported: "
    "`wasm-opt --disable-custom-descriptors`"
)

_SIGNS: Final = (
    _Sign(ModuleError.UNKNOWN_VERSION, lambda found: found[:4] == _COMPONENT, "this is a component, not a core module: "
          "see fusee.component"),
    _Sign(ModuleError.ILLEGAL_OPCODE, _first(*_STACK_SWITCHING), "stack switching (a proposal) is not supported"),
    _Sign(ModuleError.ILLEGAL_OPCODE, lambda at: at[0] == 0xFB and at[1] in _DESCRIPTORS, _WITHOUT_DESCRIPTORS),
    _Sign(ModuleError.BAD_HEAP_TYPE, _first(0x62), _WITHOUT_DESCRIPTORS),
    _Sign(ModuleError.BAD_TYPE, _first(0x4C, 0x4D), _WITHOUT_DESCRIPTORS),
    _Sign(ModuleError.BAD_IMPORT_KIND, _first(0x20), _WITHOUT_DESCRIPTORS),
    _Sign(ModuleError.BAD_HEAP_TYPE, _first(0x68, 0x75), "stack switching (a proposal) is not supported"),
    _Sign(ModuleError.BAD_TYPE, _first(0x5D), "stack switching (a proposal) is not supported"),
)  # fmt: skip

_FLAGS: Final = {_SHARED: Feature.THREADS, _MEMORY64: Feature.MEMORY64, _PAGE_SIZE: Feature.CUSTOM_PAGE_SIZES}


def meaning_of(error: ModuleError, binary: bytes, offset: int, features: Feature) -> str:
    """What the bytes at a decoder's error mean in a proposal that is off or missing; empty if nothing is known."""
    found = binary[offset : offset + 8].ljust(8, b"\0")
    for sign in _SIGNS:
        if sign.error == error and sign.is_met(found):
            return sign.meaning
    if error == ModuleError.BAD_LIMITS:
        wanted = [feature for flag, feature in _FLAGS.items() if found[0] & flag and feature not in features]
    elif error == ModuleError.BAD_IMPORT_KIND:
        is_compact = found[0] in _COMPACT_IMPORTS and Feature.COMPACT_IMPORTS not in features
        wanted = [Feature.COMPACT_IMPORTS] if is_compact else []
    elif error == ModuleError.ILLEGAL_OPCODE:
        wanted = [feature for feature in [_feature_of(found)] if feature and feature not in features]
    else:
        return ""
    return "; ".join(map(_switched_off, wanted))


def _switched_off(feature: Feature) -> str:
    name = str(feature.name).lower()
    return f"the feature {name} is switched off (`Config.wasm_{name}`)"


def _feature_of(found: bytes) -> Feature | None:
    """The feature that an instruction belongs to."""
    index = int(found[0])
    if index in INDEX_BASE:
        index = INDEX_BASE[index] + _unsigned_leb128(found[1:])
    row = BY_INDEX.get(index)
    return row.feature if row is not None else None


def _unsigned_leb128(encoded: bytes) -> int:
    value = 0
    for place, byte in enumerate(encoded[:5]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            break
    return value
