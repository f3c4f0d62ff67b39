"""Engines on emulated devices. The first one of a target builds the engine for it, which takes a while."""

from collections.abc import Callable
from functools import cache

import pytest

from fusee import Config, Engine, Instance, Module, Store

WATCH = "arm64_32-apple-watchos"
BARE = "riscv32gc-unknown-none-elf"
TARGETS = (WATCH, BARE)
"""Two that have little in common: object format, instructions, width of registers, calls, and who copies bytes."""

pytest.importorskip("unicorn", reason="devices are emulated by Unicorn: pip install 'fusee[emulator]'")


@cache
def engine_of(triple: str) -> Engine:
    """On an emulated device."""
    config = Config()
    config.target = triple
    return Engine(config)


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest) -> str:
    """Each machine in turn."""
    return str(request.param)


@pytest.fixture
def engine(target: str) -> Engine:
    """On each machine."""
    return engine_of(target)


@pytest.fixture
def watch() -> Engine:
    """On a watch."""
    return engine_of(WATCH)


@pytest.fixture
def instantiate(engine: Engine) -> Callable[[str], tuple[Store, Instance]]:
    """Makes an instance of a module without imports in a new store."""

    def make(text: str) -> tuple[Store, Instance]:
        store = Store(engine)
        return store, Instance(store, Module(engine, text), [])

    return make
