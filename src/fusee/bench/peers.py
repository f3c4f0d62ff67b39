"""Which peers this machine has."""

import importlib.util
import re
import shutil
from collections.abc import Callable, Iterable

from fusee.bench.engines import (
    Engine,
    silverfir_engine,
    strategy_engine,
    wamr_engine,
    wasm3_engine,
    wasmedge_engine,
    wasmi_engine,
    wasmtime_engine,
)

PROGRAMS: dict[str, Callable[[str, str], Engine]] = {
    "wasm3": wasm3_engine,
    "iwasm": wamr_engine,
    "wasmedge": wasmedge_engine,
    "wasmi": wasmi_engine,
    "silverfir": silverfir_engine,
}
# What a program is called where that is not only its peer's name.
EXECUTABLES = {"wasmi": ("wasmi", "wasmi_cli"), "silverfir": ("sf-nano-cli",)}
WASMTIME_TARGETS = {"pulley": "pulley64", "cranelift": "host"}

# Fusee's own native code. Not among the peers found: LLVM takes minutes for all workloads.
STRATEGIES = ("native", "tiered", "tiered-cold")


def find_peers(given: Iterable[str] = ()) -> list[Engine]:
    """The peers found on the PATH and in this Python's packages, and those given as `NAME=PROGRAM`.

    The name says how a program is called: it begins with that of a known one (`wasm3-lto=/opt/wasm3`).
    """
    peers: dict[str, Engine] = {}
    for name, make in PROGRAMS.items():
        programs = filter(None, map(shutil.which, EXECUTABLES.get(name, (name,))))
        if program := next(programs, None):
            peers[name] = make(program, name)
    if importlib.util.find_spec("wasmtime"):
        peers |= {name: wasmtime_engine(name, target) for name, target in WASMTIME_TARGETS.items()}
    for text in given:
        peer = parse_peer(text)
        peers[peer.name] = peer
    return list(peers.values())


def choose_peers(names: str | None, given: Iterable[str] = ()) -> list[Engine]:
    """Those of a comma-separated list among the peers found and given, and Fusee's strategies; all that are found and
    given where there is no list.

    Raises `ValueError` for a name that no peer has.
    """
    peers = {peer.name: peer for peer in find_peers(given)}
    if names is None:
        return list(peers.values())
    wanted = [name for name in map(str.strip, names.split(",")) if name]
    peers |= {name: strategy_engine(name) for name in STRATEGIES if name in wanted and name not in peers}
    missing = [name for name in wanted if name not in peers]
    if missing:
        raise ValueError(f"no peer named {missing[0]!r} was found; there are {', '.join(peers) or 'none'}")
    return [peers[name] for name in wanted]


def parse_peer(text: str) -> Engine:
    """A peer given by the user as `NAME=PROGRAM`."""
    name, separator, program = text.partition("=")
    kind = re.match("[a-z0-9]*", name)
    make = PROGRAMS.get(kind.group()) if kind else None
    if not separator or make is None:
        raise ValueError(f"a peer is given as NAME=PROGRAM, NAME beginning with {' or '.join(PROGRAMS)}: {text!r}")
    found = shutil.which(program)
    if found is None:
        raise ValueError(f"{program!r} is not a program")
    return make(found, name)
