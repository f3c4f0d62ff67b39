"""`wasi:random`: all of it from the host's secure source."""

import os
from typing import Final

from fusee.wasi.context import WasiContext
from fusee.wasi.p2.interface import Interface, bounded

RANDOM: Final = Interface("random/random")
INSECURE: Final = Interface("random/insecure")
INSECURE_SEED: Final = Interface("random/insecure-seed")

MAX_BYTES: Final = 64 << 20
"""What a guest gets at once: there is no way to give it less than it asks for."""


@RANDOM.function("get-random-bytes(len: u64) -> list<u8>")
def get_random_bytes(context: WasiContext, length: int) -> bytes:
    """Bytes that nobody can guess; more than 64 MiB at once end the guest with a `LimitError`."""
    return os.urandom(bounded(length, MAX_BYTES, "get-random-bytes"))


@RANDOM.function("get-random-u64() -> u64")
def get_random_u64(context: WasiContext) -> int:
    """A number that nobody can guess."""
    return int.from_bytes(os.urandom(8), "little")


@INSECURE.function("get-insecure-random-bytes(len: u64) -> list<u8>")
def get_insecure_random_bytes(context: WasiContext, length: int) -> bytes:
    """The same as the secure ones."""
    return get_random_bytes(context, length)


@INSECURE.function("get-insecure-random-u64() -> u64")
def get_insecure_random_u64(context: WasiContext) -> int:
    """The same as the secure one."""
    return get_random_u64(context)


@INSECURE_SEED.function("insecure-seed() -> tuple<u64, u64>")
def insecure_seed(context: WasiContext) -> tuple[int, int]:
    """128 bits to start a hash function with: always the same ones in a program."""
    if context.seed is None:
        context.seed = get_random_u64(context), get_random_u64(context)
    return context.seed
