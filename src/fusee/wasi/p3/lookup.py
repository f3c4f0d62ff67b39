"""`wasi:sockets/ip-name-lookup`: the search of 0.2, which is awaited."""

from typing import Final

from fusee.component.values import Variant
from fusee.wasi.context import WasiContext
from fusee.wasi.p2.lookup import search
from fusee.wasi.p2.network import ip_to_guest
from fusee.wasi.p3.interface import interface
from fusee.wasi.p3.network import TYPES
from fusee.wasi.p3.ready import until

_CODES: Final = (
    "access-denied", "invalid-argument", "name-unresolvable", "temporary-resolver-failure",
    "permanent-resolver-failure",
)  # fmt: skip


def code_named(name: str) -> Variant:
    """The `error-code` for what 0.2 calls so."""
    return Variant(name) if name in _CODES else Variant("other", name)


LOOKUP: Final = interface("sockets/ip-name-lookup", TYPES, named=code_named)
LOOKUP.define("error-code", f"variant {{{', '.join(_CODES)}, other(option<string>)}}")


@LOOKUP.function("async resolve-addresses(name: string) -> result<list<ip-address>, error-code>")
async def resolve_addresses(context: WasiContext, name: str) -> list[Variant]:
    """The addresses of a name, of which there is at least one."""
    stream = search(context, name, "access-denied")
    try:
        if stream.search is not None:
            await until(stream.event())
        return [ip_to_guest(address) for address in stream.rest()]
    finally:
        stream.close()
