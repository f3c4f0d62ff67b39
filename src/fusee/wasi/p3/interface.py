"""Interfaces of WASI 0.3: tables as those of 0.2."""

from collections.abc import Callable
from typing import Any, Final

from fusee.wasi.errno import WasiError
from fusee.wasi.p2.interface import Body, Interface

VERSION: Final = "0.3.0"
INTERFACES: Final[dict[str, Interface]] = {}


def interface(
    name: str, *uses: Interface, error: "Callable[[WasiError | OSError], Any] | None" = None,
    named: "Callable[[str], Any] | None" = None,
) -> Interface:  # fmt: skip
    """An interface, which enters the table. A function whose text begins with `async` may give an awaitable."""
    return Interface(name, *uses, error=error, named=named, version=VERSION, table=INTERFACES)


def as_before(types: Interface, prefix: str) -> Callable[[str, Body], None]:
    """What gives an interface's resource methods that are as in 0.2: the prefix of their texts, then text and body."""

    def define(text: str, body: Body) -> None:
        types.method(prefix + text)(body)

    return define
