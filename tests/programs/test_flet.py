"""A user interface from PyPI: Dart, compiled for a browser; strings are JavaScript's, and a memory is shared."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

import fusee


def program() -> Path:
    package = importlib.util.find_spec("flet_web")
    if package is None or package.origin is None:
        pytest.skip("pip install --no-deps flet-web")
    return Path(package.origin).parent / "web" / "main.dart.wasm"


def stand_in(store: fusee.Store, wanted: fusee.ImportType) -> Any:
    """What is imported, without any of what a browser does."""
    kind = wanted.type
    if isinstance(kind, fusee.FuncType):
        return fusee.Func(store, kind, lambda *_: pytest.fail(f"{wanted.module} {wanted.name} is called"))
    if isinstance(kind, fusee.GlobalType):
        return fusee.Global(store, kind, wanted.name)
    if isinstance(kind, fusee.TagType):
        return fusee.Tag(store, kind)
    assert isinstance(kind, fusee.MemoryType) and kind.is_shared
    return fusee.SharedMemory(store.engine, kind)


def test_it_is_loaded_and_instantiated() -> None:
    engine = fusee.Engine()
    store = fusee.Store(engine)
    module = fusee.Module.from_file(engine, str(program()))
    wanted = module.imports
    assert {wanted_.module for wanted_ in wanted} >= {"wasm:js-string", "dart2wasm", "skwasm", "s"}
    exports = fusee.Instance(store, module, [stand_in(store, one) for one in wanted]).exports(store)
    assert isinstance(exports["$invokeMain"], fusee.Func)
