"""The decoder on simulated memory."""

from collections.abc import Iterator

import pytest

from fusee.engine.decode.module import decode_module, release_module
from fusee.engine.errors import Malformed
from fusee.engine.registry import TypeRegistry, new_registry, release_registry
from fusee.engine.state.module import Module, Span  # fmt: skip
from fusee.engine.state.platform import Platform
from fusee.engine.validate.module import validate_module
from fusee.kernel.arena import allocate_simulated, new, simulate
from fusee.kernel.lang import Integer, u32, u64
from fusee.kernel.memory import read_bytes
from fusee.kernel.target import ILP32, LP64
from fusee.spec.errors import ModuleError
from fusee.spec.features import ALL_FEATURES, Feature
from tests.engine.simulated_world import allocate, live, release


class Decoder:
    """Simulated memory with a registry."""

    def __init__(self) -> None:
        live.clear()
        self.platform = new(Platform)
        self.platform.allocate = allocate
        self.platform.release = release
        self.registry: TypeRegistry = new_registry(self.platform)

    def decode(self, binary: bytes, features: Feature = ALL_FEATURES) -> Module:
        source = allocate_simulated(binary)
        return decode_module(self.registry, self.platform, source, u32(len(binary)), u64(int(features)))

    def check(self, binary: bytes) -> None:
        m = self.decode(binary)
        try:
            validate_module(m)
        finally:
            release_module(m)

    def close(self) -> None:
        release_registry(self.registry)
        assert not live, "memory is left behind"


@pytest.fixture(params=[ILP32, LP64], ids=["ilp32", "lp64"])
def decoder(request: pytest.FixtureRequest) -> Iterator[Decoder]:
    with simulate(request.param):
        made = Decoder()
        yield made
        made.close()


def numbers(*values: Integer | bool) -> list[int]:
    return [int(value) for value in values]


def text(m: Module, place: Span) -> bytes:
    return read_bytes(m.source + place.start, place.end - place.start)


def decoded_error(decoder: Decoder, binary: bytes) -> ModuleError | None:
    try:
        release_module(decoder.decode(binary))
    except Malformed as error:
        return ModuleError(error.code)
    return None
