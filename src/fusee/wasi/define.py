"""The host functions as a linker wants them."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

# Importing these fills the table.
from fusee.wasi import args, clock, fd, path, poll, process, random, snapshot_0, sock  # noqa: F401
from fusee.wasi.context import WasiContext
from fusee.wasi.functions import FUNCTIONS, SNAPSHOT_0, HostFunction
from fusee.wasi.memory import GuestMemory

MODULE = "wasi_snapshot_preview1"
SNAPSHOT_0_MODULE = "wasi_unstable"  # what programs of 2019 import

_NEWER = ("sock_accept",)  # than snapshot 0

# From what a linker passes as the caller: its program's state and its memory.
Enter = Callable[[Any], tuple[WasiContext, memoryview]]


class Definition(NamedTuple):
    """What `Linker.define_func` needs; types are the text format's names."""

    module: str
    name: str
    params: tuple[str, ...]
    results: tuple[str, ...]
    call: Callable[..., int | None]  # takes the caller first


def definitions(enter: Enter) -> Iterator[Definition]:
    """Every function of preview 1 and of snapshot 0, which differ in four."""
    for module, table in ((MODULE, FUNCTIONS), (SNAPSHOT_0_MODULE, FUNCTIONS | SNAPSHOT_0)):
        for function in table.values():
            if module == MODULE or function.name not in _NEWER:
                yield Definition(module, function.name, function.params, function.results, _bind(function, enter))


def _bind(function: HostFunction, enter: Enter) -> Callable[..., int | None]:
    call = function.call
    has_result = bool(function.results)

    def host(caller: Any, *arguments: int) -> int | None:
        context, buffer = enter(caller)
        errno = call(context, GuestMemory(buffer), *arguments)
        return errno if has_result else None

    return host
