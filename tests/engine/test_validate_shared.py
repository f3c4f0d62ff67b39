"""Threads that validate a module together say what one alone says, and leave the same behind."""

import ctypes
import random
from collections.abc import Iterator
from threading import Barrier, Thread

import pytest

from fusee.bench.wasm import repeat_functions
from fusee.bench.workloads import find_workloads
from fusee.engine.state.sharing import Sharing
from fusee.engine.validate.shared import CLOSED, OPEN, note_error
from fusee.engine.validate.state import Validator
from fusee.kernel.arena import new, simulate
from fusee.kernel.lang import u32, u64
from fusee.kernel.memory import view
from fusee.kernel.process import make_struct
from fusee.kernel.target import LP64
from fusee.spec.errors import ModuleError
from tests.engine.native_modules import Checker
from tests.hostile.encoding import CODE, FUNCTION, I32, TYPE, body, function_type, module, section, unsigned, vector

HELPERS = 3
BYTES = 150_000  # nine pieces


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    made = Checker()
    yield made
    made.close()


def shown(sharing: "ctypes.Array[ctypes.c_char]") -> Sharing:
    return view(Sharing, ctypes.addressof(sharing))


class Together(Checker):
    """Validates with helpers that begin before there is anything to do, or when all is over."""

    def __init__(self) -> None:
        super().__init__()
        self.validate = self.together

    def together(self, decoded: int) -> None:
        sharing = make_struct(Sharing, {})
        barrier = Barrier(HELPERS + 1)

        def help_them() -> None:
            barrier.wait()
            self.help(sharing)

        threads = [Thread(target=help_them) for _ in range(HELPERS)]
        for thread in threads:
            thread.start()
        barrier.wait()
        try:
            self.validate_shared(decoded, sharing)
        finally:
            assert int(shown(sharing).state[0]) in (CLOSED, CLOSED | OPEN)
            for thread in threads:
                thread.join()


@pytest.fixture(scope="module")
def together() -> Iterator[Together]:
    made = Together()
    yield made
    made.close()


def large(name: str) -> bytes:
    return repeat_functions(find_workloads(name)[0].path.read_bytes(), BYTES)


@pytest.mark.parametrize("name", ["json", "regex", "unwind_legacy", "mixer"])
def test_what_is_left_behind(checker: Checker, together: Together, name: str) -> None:
    binary = large(name)
    with checker.module(binary) as alone, together.module(binary) as helped:
        count = int(alone.func_count - alone.imported_func_count)
        assert count > 10
        for i in range(count):
            for field in ("max_height", "has_vectors", "catch_depth"):
                assert getattr(alone.bodies[i], field) == getattr(helped.bodies[i], field)


@pytest.mark.parametrize("name", ["json", "gc_lambda", "mixer"])
def test_what_is_wrong(checker: Checker, together: Together, name: str) -> None:
    """With errors in several pieces the first one is named."""
    choice = random.Random(name)
    binary, verdicts = large(name), set()
    for _ in range(60):
        wrong = bytearray(binary)
        for _ in range(choice.choice([1, 2, 8])):
            wrong[choice.randrange(BYTES // 20, len(wrong))] = choice.randrange(256)
        verdict = checker.verdict(bytes(wrong))
        assert together.verdict(bytes(wrong)) == verdict
        verdicts.add(verdict)
    assert len(verdicts) > 30


def test_the_first_of_all_bodies_is_wrong(checker: Checker, together: Together) -> None:
    """It is the longest, and all others are wrong from their beginning: they are seen earlier."""
    long, short = body(b"\x01" * 100_000 + b"\x1a"), body(b"\x1a")
    binary = module(
        section(TYPE, vector([function_type()])),
        section(FUNCTION, vector([unsigned(0)] * 30_000)),
        section(CODE, vector([long] + [short] * 29_999)),
    )
    verdict = checker.verdict(binary)
    assert verdict[:2] == ("invalid", "type mismatch")
    for _ in range(10):
        assert together.verdict(binary) == verdict


def test_what_is_wrong_outside_of_bodies(checker: Checker, together: Together) -> None:
    binary = module(
        section(TYPE, vector([function_type(I32)])),
        section(FUNCTION, vector([unsigned(0)])),
        section(8, unsigned(0)),  # the start function has a parameter
        section(CODE, vector([body(b"")])),
    )
    assert together.verdict(binary) == checker.verdict(binary) != ("valid", "", 0)


def test_nobody_helps_too_late_or_with_nothing(checker: Checker) -> None:
    never, over = make_struct(Sharing, {}), make_struct(Sharing, {})
    shown(over).state[0] = u32(CLOSED | OPEN)
    checker.help(never)
    checker.help(over)
    assert int(shown(never).state[0]) == 0
    assert int(shown(over).state[0]) == CLOSED | OPEN


def test_the_first_error_counts() -> None:
    with simulate(LP64):
        v, sharing = new(Validator), new(Sharing)
        for start, noted in ((5, 5), (2, 2), (7, 2), (0, 0), (1, 0)):
            note_error(v, sharing, u32(start), u64(int(ModuleError.TYPE_MISMATCH) << 32 | start))
            assert int(sharing.status) & 0xFFFF_FFFF == noted
