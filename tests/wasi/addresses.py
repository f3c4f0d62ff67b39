"""Addresses of this machine, as WASI writes them."""

from fusee.component.values import Record, Variant

HOME = (127, 0, 0, 1)
ANY = (0, 0, 0, 0)


def ipv4(port: int, address: tuple[int, ...] = HOME) -> Variant:
    return Variant("ipv4", Record(port=port, address=address))


def ipv6(port: int, *address: int) -> Variant:
    return Variant("ipv6", Record(port=port, flow_info=0, address=address, scope_id=0))
