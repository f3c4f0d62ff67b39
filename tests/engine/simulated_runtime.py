"""Types and views for tests of the un-compiled runtime."""

from collections.abc import Iterator

import pytest

from fusee.engine.errors import Trap
from fusee.engine.state.module import Limits
from fusee.engine.state.runtime import Global, Instance, Memory
from fusee.kernel.arena import new, simulate
from fusee.kernel.lang import cast, u32, u64
from fusee.kernel.memory import read_bytes
from fusee.kernel.target import ILP32, LP64, Target
from fusee.spec.traps import TrapCode
from tests.engine.simulated_world import World

I32 = u32(0x7F)
FUNCREF = u32(0xE000_0070)
NONE = (1 << 64) - 1


@pytest.fixture(params=[ILP32, LP64], ids=["ilp32", "lp64"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    target: Target = request.param
    with simulate(target):
        yield World()


def limits(minimum: int, maximum: int | None = None, is_64: bool = False, log2: int = 16) -> Limits:
    made = new(Limits)
    made.minimum, made.is_64, made.page_size_log2 = u64(minimum), is_64, u32(log2)
    made.has_maximum, made.maximum = maximum is not None, u64(maximum or 0)
    return made


def global_at(instance: Instance, index: int) -> Global:
    return cast(Global, instance.globals[index])


def memory_at(instance: Instance, index: int = 0) -> Memory:
    return cast(Memory, instance.memories[index])


def contents(m: Memory, start: int, stop: int) -> bytes:
    return read_bytes(m.base + start, stop - start)


def trap_code(error: pytest.ExceptionInfo[Trap]) -> TrapCode:
    return TrapCode(error.value.code)
