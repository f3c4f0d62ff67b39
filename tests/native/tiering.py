"""What the tests of the tier share: modules that know how they are executed, and processes that fail."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from fusee import Config, Engine, Func, FuncType, Instance, Store, ValType
from fusee.api.text import wat2wasm
from fusee.engine.state.module import Module as ModuleState
from fusee.kernel import orphan
from fusee.kernel.memory import view
from fusee.kernel.scalars import u64, usize
from fusee.native import batches
from fusee.native.shelf import Shelf
from fusee.tier import compiling

LONGEST_SECONDS = 60.0  # that a test waits for another process


def tells_native(text: str) -> bytes:
    """A module that knows how it is executed: `i32.const 1111` is 2222 in native code."""
    return bytes(wat2wasm(text))


NATIVE = b"\x41\xd7\x08", b"\x41\xae\x11"  # i32.const 1111, i32.const 2222


class KnowingWorker(batches.Worker):
    """Compiles another module, which differs in a constant."""

    def ask(self, binary: bytes, wish: bytes) -> None:
        super().ask(binary.replace(*NATIVE), wish)


def no_worker() -> batches.Worker:
    raise OSError


def engine() -> Engine:
    config = Config()
    config.strategy = "tiered"
    return Engine(config)


def until(condition: Callable[[int], bool]) -> Callable[[int], int]:
    """A host function that gives 1 once a condition holds of its argument, or it takes too long."""
    limit = time.monotonic() + LONGEST_SECONDS
    return lambda number: int(condition(number) or time.monotonic() > limit)


def host(store: Store, function: Any) -> Func:
    return Func(store, FuncType([ValType.i32()], [ValType.i32()]), function)


def main_of(instance: Instance, store: Store) -> object:
    exports: Any = instance.exports(store)
    return exports["main"](store)


CALLING = tells_native("""(module
  (import "" "host" (func $host (param i32) (result i32)))
  (func $work (result i32) (local $i i32)
    (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 200000))))
    (i32.const 1111))
  (func (export "main") (result i32) (local $seen i32)
    (loop $l (local.set $seen (call $work)) (br_if $l (i32.eqz (call $host (local.get $seen)))))
    (local.get $seen)))""")


def is_kept(store: Store, function: int = 1) -> bool:
    """Whether a function of the only module has native code, which is in the cache, too: it comes there later."""
    tier = store.engine._tier
    assert tier is not None
    (module,) = tier.watcher._modules.values()
    if view(ModuleState, module.address).natives[function] == 0:
        return False
    return any(function in made.functions for _, made in Shelf(module.binary, module.is_metered).all())


class Seen:
    """What was asked of another process."""

    def __init__(self) -> None:
        self.started = 0
        self.wishes: list[bytes] = []


def worker_that(program: str, monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Has another program compile."""
    seen = Seen()

    class OtherWorker(batches.Worker):
        def __init__(self) -> None:
            seen.started += 1
            super().__init__()

        def ask(self, binary: bytes, wish: bytes) -> None:
            seen.wishes.append(wish)
            super().ask(binary, wish)

    monkeypatch.setattr(orphan, "_PROGRAM", program)
    monkeypatch.setattr(compiling, "Worker", OtherWorker)
    return seen


def seen(own: Engine, module: int, function: int, offset: int) -> bool:
    """A guest was seen at a cell; whether that is news to who looks."""
    assert own._tier is not None
    own._tier.state.sampled_module = usize(module)
    own._tier.state.sampled = u64(function << 32 | offset)
    return own._tier.watcher._take_sample()


FALLING = """(module
  (func (export "main") (result i32) (local $i i32) (local.set $i (i32.const 3))
    (loop $l (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1))))) (local.get $i))
  (func (export "other")))"""


class Free:
    """A process that has nothing to do, and does nothing."""

    is_ready = True

    def ask(self, binary: bytes, wish: bytes) -> None:
        pass

    def poll(self) -> None:
        return None

    def end(self) -> None:
        pass

    def forget(self) -> None:
        pass
