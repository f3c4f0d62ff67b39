"""SHA-256, un-compiled, against Python's."""

import hashlib

import pytest

from fusee.engine.sha256 import HASH_WORDS, sha256
from fusee.kernel.arena import new_array, simulate
from fusee.kernel.lang import u8, u32
from fusee.kernel.memory import write_bytes
from fusee.kernel.target import ILP32, LP64, Target


@pytest.mark.parametrize("target", [ILP32, LP64], ids=["ilp32", "lp64"])
@pytest.mark.parametrize("size", [0, 1, 3, 55, 56, 63, 64, 65, 119, 120, 128, 300])
def test_sha256(target: Target, size: int) -> None:
    data = bytes(index * 7 & 0xFF for index in range(size))
    with simulate(target):
        place, result = new_array(u8, max(size, 1)), new_array(u32, HASH_WORDS)
        write_bytes(place, data)
        sha256(place, u32(size), result)
        words = [int(result[i]) for i in range(HASH_WORDS)]
    assert b"".join(word.to_bytes(4, "big") for word in words) == hashlib.sha256(data).digest()
