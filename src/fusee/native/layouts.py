"""Where the fields of structures are: by the rule of `engine.layouts`, which makes layouts when a module is loaded."""

from typing import Final, NamedTuple

from fusee.engine.state.agreed import OBJECT_HEADER_BYTES
from fusee.spec.types import PACKED_I8, PACKED_I16

_BYTES: Final = {PACKED_I8: 1, PACKED_I16: 2, 0x7F: 4, 0x7E: 8, 0x7D: 4, 0x7C: 8, 0x7B: 16}


class Aggregate(NamedTuple):
    """A structure type, or an array type, whose only field is its element."""

    fields: tuple[int, ...]  # codes of storage types
    is_array: bool
    is_final: bool


def bytes_of(storage: int, pointer_bytes: int) -> int:
    """What a field of a storage type takes. A reference is as wide as a pointer."""
    return _BYTES.get(storage, pointer_bytes)


def layout(aggregate: Aggregate, pointer_bytes: int) -> tuple[list[int], int]:
    """The offsets of a structure's fields from its start, and its size with the header."""
    offsets, position = [], OBJECT_HEADER_BYTES
    for storage in aggregate.fields:
        size = bytes_of(storage, pointer_bytes)
        alignment = min(size, OBJECT_HEADER_BYTES)
        position = -(-position // alignment) * alignment
        offsets.append(position)
        position += size
    return offsets, -(-position // OBJECT_HEADER_BYTES) * OBJECT_HEADER_BYTES
