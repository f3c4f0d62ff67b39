"""The table of host functions, and how a function of this package gets into it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from fusee.wasi.errno import Errno, WasiError, errno_of
from fusee.wasi.memory import GuestMemory

if TYPE_CHECKING:
    from fusee.wasi.context import WasiContext

P = ParamSpec("P")
Body = Callable[Concatenate["WasiContext", GuestMemory, P], None]

_MASKS = {"i32": (1 << 32) - 1, "i64": (1 << 64) - 1}


class HostFunction:
    """A function of `wasi_snapshot_preview1`; types are the text format's names.

    The body takes numbers as unsigned. It reports failure by raising `WasiError` or `OSError`.
    """

    __slots__ = ("body", "masks", "params", "results")

    def __init__(self, params: tuple[str, ...], results: tuple[str, ...], body: Callable[..., None]) -> None:
        self.params = params
        self.results = results
        self.body = body
        self.masks = tuple(_MASKS[param] for param in params)

    def call(self, context: "WasiContext", memory: GuestMemory, *arguments: int) -> int:
        """Runs the function; the result is its error code."""
        try:
            if context.is_shared:
                with context.call():
                    self.body(context, memory, *map(int.__and__, arguments, self.masks))
            else:
                self.body(context, memory, *map(int.__and__, arguments, self.masks))
        except WasiError as error:
            return error.errno
        except OSError as error:
            return errno_of(error)
        return Errno.SUCCESS


FUNCTIONS: dict[str, HostFunction] = {}
SNAPSHOT_0: dict[str, HostFunction] = {}
"""What `wasi_unstable` has under the same name, but with another meaning."""


def host_function(signature: str, table: dict[str, HostFunction] = FUNCTIONS) -> Callable[[Body[P]], Body[P]]:
    """Registers a function under its own name; the signature is written as in `i32 i64 -> i32`."""
    left, _, right = signature.partition("->")
    params = tuple(left.split())

    def register(body: Body[P]) -> Body[P]:
        table[body.__name__] = HostFunction(params, tuple(right.split()), body)
        return body

    return register
