"""Modules written as text, for the tests of the API."""

from collections.abc import Sequence
from typing import Any

from fusee import Engine, Func, Instance, Module, Store
from fusee.api.func import Extern

_engine: list[Engine] = []


def engine() -> Engine:
    """One engine for all tests that need nothing special."""
    if not _engine:
        _engine.append(Engine())
    return _engine[0]


class Guest:
    """An instance whose exported functions are called as methods: `guest.f(1, 2)`."""

    def __init__(self, text: str, imports: Sequence[Extern] = (), store: Store | None = None) -> None:
        self.store = store if store is not None else Store(engine())
        self.module = Module(self.store.engine, text)
        self.instance = Instance(self.store, self.module, imports)

    def __getitem__(self, name: str) -> Any:
        return self.instance.exports(self.store)[name]

    def __getattr__(self, name: str) -> Any:
        function = self[name]
        assert isinstance(function, Func)
        return lambda *params: function(self.store, *params)
