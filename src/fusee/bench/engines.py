"""The engines that can run a workload: Fusee, and the peers that this machine has.

Every engine is a command line, started anew for each run and timed from outside, so that no engine is asked
to measure itself.
"""

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

FUSEE = "fusee"


@dataclass(frozen=True)
class Engine:
    """A way to call `run(argument)` of a module in a process of its own."""

    name: str
    description: str
    command: Callable[[Path, int], list[str]]


def fusee_engine() -> Engine:
    """Fusee as its users start it."""

    def command(module: Path, argument: int) -> list[str]:
        return [sys.executable, "-m", "fusee", "run", "--invoke", "run", str(module), str(argument)]

    return Engine(FUSEE, f"fusee {importlib.metadata.version('fusee')}", command)


def wasm3_engine(program: str, name: str = "wasm3") -> Engine:
    """The wasm3 interpreter's command line program."""

    def command(module: Path, argument: int) -> list[str]:
        return [program, "--func", "run", str(module), str(argument)]

    return Engine(name, describe(program), command)


def wamr_engine(program: str, name: str = "iwasm") -> Engine:
    """WAMR's command line program; which of its interpreters that is depends on how it was built."""

    def command(module: Path, argument: int) -> list[str]:
        return [program, "-f", "run", str(module), str(argument)]

    return Engine(name, describe(program), command)


def wasmtime_engine(name: str, target: str) -> Engine:
    """The wasmtime package: its Cranelift JIT, or with target `pulley64` its portable interpreter."""

    def command(module: Path, argument: int) -> list[str]:
        return [sys.executable, "-m", "fusee.bench.wasmtime_guest", target, str(module), str(argument)]

    return Engine(name, f"wasmtime {importlib.metadata.version('wasmtime')}, target {target}", command)


def describe(program: str) -> str:
    """The version that a peer's program prints: the first paragraph, what follows is about its features."""
    command = [program, "--version"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL)
    paragraph = result.stdout.strip().partition("\n\n")[0]
    return "; ".join(line.strip() for line in paragraph.splitlines())


PROGRAMS: dict[str, Callable[[str, str], Engine]] = {"wasm3": wasm3_engine, "iwasm": wamr_engine}
WASMTIME_TARGETS = {"pulley": "pulley64", "cranelift": "host"}


def find_peers(given: Iterable[str] = ()) -> list[Engine]:
    """The peers found on the PATH and in this Python's packages, and those given as `NAME=PROGRAM`.

    The name says how a program is called: it begins with that of a known one (`wasm3-lto=/opt/wasm3`).
    """
    peers: dict[str, Engine] = {}
    for name, make in PROGRAMS.items():
        program = shutil.which(name)
        if program:
            peers[name] = make(program, name)
    if importlib.util.find_spec("wasmtime"):
        peers |= {name: wasmtime_engine(name, target) for name, target in WASMTIME_TARGETS.items()}
    for text in given:
        peer = parse_peer(text)
        peers[peer.name] = peer
    return list(peers.values())


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
