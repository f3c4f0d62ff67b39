"""Decodes meshes with meshoptimizer: `python -m fusee.bench.real.meshopt ENGINE MODULE [COUNT]`.

COUNT pieces of a mesh are made and compressed here, as glTF's extension EXT_meshopt_compression describes it (mode
ATTRIBUTES), and decoded by the module. Then its filters make numbers of what was stored in few bits. What is printed is
a sum of each result; vertices must be those that were compressed.
"""

import re
import struct
import sys
import zlib
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, Final

from fusee.bench.real.guest import ADDRESSES, Aborted, Guest, main

_MAGIC: Final = b"\0asm"
_VERSION: Final = 0xA0  # of the first form of the stream
_STRIDE: Final = 16  # bytes of a vertex: a position, a normal, and where in a picture it is
_VERTICES: Final = 240  # of a piece; a block of the stream has up to 256
_GROUP: Final = 16  # so many bytes have a mode in common
_TAIL: Final = 32
_FILTERS: Final = (("Oct", 8), ("Quat", 8), ("Exp", 16))  # and the bytes of an element


class Decoder(Guest):
    """meshoptimizer's decoder, through the exports that its JavaScript calls."""

    @classmethod
    def unpack(cls, content: bytes) -> bytes:
        """The module in the script: two characters for a byte, or one if it is among the most frequent ones."""
        if content.startswith(_MAGIC):
            return content
        packed = re.search(rb"wasm_simd =\s*'([^']+)'", content)
        frequent = re.search(rb"wasmpack = new Uint8Array\(\[([\d,\s]+)\]", content)
        if packed is None or frequent is None:
            raise Aborted("there is no module in the script")
        bytes_of = [int(number) for number in frequent[1].split(b",") if number.strip()]
        digits = iter(c - 97 if c > 96 else c - 39 if c > 64 else c + 4 for c in packed[1])
        return bytes(bytes_of[d] if d < 60 else (d - 60) * 64 + next(digits) for d in digits)

    def _start(self) -> None:
        self._call_if_there("__wasm_call_ctors")

    def allocate(self, data: bytes) -> int:
        """The module has no `free`, only an end of its memory."""
        address: int = self.call("sbrk", -(-len(data) // 16) * 16) % ADDRESSES
        self._memory.write(self._store, data, address)
        return address

    def answers(self, arguments: Sequence[str]) -> Iterator[bytes]:
        (count,) = arguments
        random = Random(1)
        start = self.call("sbrk", 0)
        for _ in range(int(count)):
            vertices = make_vertices(random)
            if self.decode(compress(vertices)) != vertices:
                raise Aborted("decoded vertices are not those that were compressed")
            sums = [zlib.crc32(self.filtered(name, size, random)) for name, size in _FILTERS]
            self.call("sbrk", start - self.call("sbrk", 0))
            yield (" ".join(f"{number:08x}" for number in (zlib.crc32(vertices), *sums)) + "\n").encode()

    def decode(self, stream: bytes) -> bytes:
        """The vertices of a stream."""
        target, source = self.allocate(bytes(_VERTICES * _STRIDE)), self.allocate(stream)
        status = self.call("meshopt_decodeVertexBuffer", target, _VERTICES, _STRIDE, source, len(stream))
        if status:
            raise Aborted(f"the decoder gives up with status {status}")
        return self.read(target, _VERTICES * _STRIDE)

    def filtered(self, name: str, size: int, random: Random) -> bytes:
        """What a filter makes of elements of so many bytes."""
        data: Any = self.allocate(_stored(name, random))
        self.call(f"meshopt_decodeFilter{name}", data, _VERTICES, size)
        return self.read(data, _VERTICES * size)


def _stored(name: str, random: Random) -> bytes:
    """Numbers as they are before a filter: of 14 bits for directions and rotations, else a mantissa of 24 and an
    exponent of 8."""
    elements = bytearray()
    for _ in range(_VERTICES):
        if name == "Exp":
            elements += struct.pack("<4I", *(random.randrange(240, 256) << 24 | random.getrandbits(23) for _ in "xyzw"))
        else:
            third = 0x1FFF if name == "Oct" else 0x1FFC | random.randrange(4)  # what one is; which number is left out
            pair = (random.randrange(-4095, 4096) for _ in "xy")
            rest = (third, 0) if name == "Oct" else (random.randrange(-4095, 4096), third)
            elements += struct.pack("<4h", *pair, *rest)
    return bytes(elements)


def make_vertices(random: Random) -> bytes:
    """A strip of vertices, each near the one before it."""
    vertices = bytearray()
    x, y, z = 0, 0, 1000
    for number in range(_VERTICES):
        x, y, z = x + random.randrange(12), (y + random.randrange(-40, 40)) & 0xFFFF, z ^ random.randrange(8)
        normal = random.randrange(100, 140), 7, random.randrange(256), 0
        vertices += struct.pack("<4H4B2H", x, y, z, 0, *normal, number, 65535 - number)
    return bytes(vertices)


def compress(vertices: bytes) -> bytes:
    """A stream of one block. For each byte of a vertex: the modes of its groups, then the groups."""
    stream = bytearray([_VERSION])
    for place in range(_STRIDE):
        column = vertices[place::_STRIDE]
        steps = bytes(_folded(byte - before) for before, byte in zip(column[:1] + column, column, strict=False))
        groups = [steps[start : start + _GROUP] for start in range(0, len(steps), _GROUP)]
        modes = [_mode(group) for group in groups]
        for start in range(0, len(modes), 4):
            stream.append(sum(mode << 2 * number for number, mode in enumerate(modes[start : start + 4])))
        for mode, group in zip(modes, groups, strict=True):
            stream += _packed(group, mode)
    return bytes(stream + bytes(_TAIL - _STRIDE) + vertices[:_STRIDE])


def _folded(step: int) -> int:
    """The difference of two bytes, small ones as small numbers: 0, -1, 1, -2 … are 0, 1, 2, 3 …"""
    step = (step + 128) % 256 - 128
    return 2 * step if step >= 0 else -2 * step - 1


def _mode(group: bytes) -> int:
    """How a group is written: not at all, in two bits each, in four, or as bytes."""
    most = max(group)
    return 0 if most == 0 else 1 if most < 4 else 2 if most < 16 else 3


def _packed(group: bytes, mode: int) -> bytes:
    """A group in its mode; the greatest number of few bits says that the byte follows behind them."""
    if mode in (0, 3):
        return group if mode else b""
    bits = 2 * mode
    most = (1 << bits) - 1
    each = 8 // bits
    packed = bytearray()
    for start in range(0, _GROUP, each):
        byte = 0
        for number in group[start : start + each]:
            byte = byte << bits | min(number, most)
        packed.append(byte)
    return bytes(packed) + bytes(number for number in group if number >= most)


GUEST = Decoder

if __name__ == "__main__":
    sys.exit(main(GUEST))
