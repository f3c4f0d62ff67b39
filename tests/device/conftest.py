"""Engines on emulated devices. The first one of a target builds the engine for it, which takes a while."""

from collections.abc import Callable

import pytest

from fusee import Config, Engine, Instance, Module, Store

WATCH = "arm64_32-apple-watchos"

pytest.importorskip("unicorn", reason="devices are emulated by Unicorn: pip install 'fusee[emulator]'")


@pytest.fixture(scope="session")
def engine() -> Engine:
    """On a watch."""
    config = Config()
    config.target = WATCH
    return Engine(config)


@pytest.fixture
def instantiate(engine: Engine) -> Callable[[str], tuple[Store, Instance]]:
    """Makes an instance of a module without imports in a new store."""

    def make(text: str) -> tuple[Store, Instance]:
        store = Store(engine)
        return store, Instance(store, Module(engine, text), [])

    return make
