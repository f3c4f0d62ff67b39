"""The stores of an engine whose modules get native code while they run."""

import weakref
from typing import TYPE_CHECKING

from fusee.engine.python.state import Embedder
from fusee.kernel.memory import view

if TYPE_CHECKING:
    from fusee.api._native import HostNative
    from fusee.api.store import Store
    from fusee.tier.module import TieredModule


class Stores:
    """Those whose engine has a tier, and which of them have to be told of native code."""

    def __init__(self, native: "HostNative", tier: object) -> None:
        self._native = native
        self._tier = tier
        self._turn = 0
        self._untold: list[tuple[TieredModule, weakref.ref[Store]]] = []

    @property
    def are_waiting(self) -> bool:
        """Whether some have to be told."""
        return bool(self._untold)

    def _all(self) -> "list[Store]":
        found = [reference() for reference in list(self._native.stores.values())]
        return [store for store in found if store is not None and store.engine._tier is self._tier]

    def running(self) -> "Store | None":
        """One whose guest is in native code; another one each time, if there are several."""
        running = [store for store in self._all() if _embedder(store).running != 0]
        self._turn += 1
        return running[self._turn % len(running)] if running else None

    def tell(self, module: "TieredModule") -> None:
        """Have them told that a module has got native code."""
        self._untold += [(module, weakref.ref(store)) for store in self._all()]

    def give(self) -> None:
        """Tell them, as far as this is the moment."""
        left = []
        for module, reference in self._untold:
            store = reference()
            lifetime = module.lifetime()
            held = None if store is None else store._tenure.hold  # another thread may close it meanwhile
            if store is None or lifetime is None or held is None:
                continue
            is_locked = store._lock.acquire(blocking=False)
            try:
                if not self._native.give_natives(store._address, module.address, is_locked):
                    left.append((module, reference))
            finally:
                if is_locked:
                    store._lock.release()
            del store, lifetime, held
        self._untold = left


def _embedder(store: "Store") -> Embedder:
    return view(Embedder, store._embedding.address)
