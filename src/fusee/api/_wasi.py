"""What the names of WASI preview 1 stand for in a linker."""

from collections.abc import Callable
from functools import cache

from fusee.api.func import Func, HostFunction
from fusee.api.storelike import Storelike, store_of
from fusee.api.types import FuncType, ValType
from fusee.api.values import Signature


@cache
def makers_of_wasi() -> dict[tuple[str, str], Callable[[Storelike], Func]]:
    """By module and name, what makes the function real in a store."""
    from fusee.wasi.define import names

    return {place: _maker(*place) for place in names()}


@cache
def older_names() -> frozenset[tuple[str, str]]:
    """Those of snapshot 0."""
    from fusee.wasi.define import SNAPSHOT_0_MODULE

    return frozenset(place for place in makers_of_wasi() if place[0] == SNAPSHOT_0_MODULE)


def _maker(module: str, name: str) -> Callable[[Storelike], Func]:
    return lambda store: Func._of_host(store_of(store), _function(module, name))


@cache
def _function(module: str, name: str) -> HostFunction:
    """The same in all stores: it acts for whoever calls it."""
    from fusee.wasi.define import bind, find

    types = {"i32": ValType.i32(), "i64": ValType.i64()}
    found = find(module, name)
    ty = FuncType([types[p] for p in found.params], [types[r] for r in found.results])
    call = bind(found, lambda caller: (caller._context._wasi, caller._memory_view()))
    return HostFunction(Signature(ty), call, access_caller=True)
