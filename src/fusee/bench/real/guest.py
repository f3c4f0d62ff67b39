"""What programs in Python that host a module have in common: `python -m HOST ENGINE MODULE [ARGUMENT…]`.

ENGINE is what `fusee.bench.embedding` understands. The answers are printed when all are there; what fails is one line
and status 1. Without an argument the module is only loaded: that is the run whose time is subtracted as start-up.

A host is a module that has its kind of `Guest` in `GUEST`, for those who run it in an engine of their own.
"""

import base64
import re
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from fusee.bench.embedding import open_engine

ADDRESSES: Final = 1 << 32
_POINTER: Final = "<I"
POINTER_BYTES: Final = struct.calcsize(_POINTER)


class Aborted(Exception):
    """The program, or what it was asked for, cannot go on; in its own words if it has any."""


class Guest:
    """A module, instantiated and started, in an engine of `package`: `fusee` or `wasmtime`."""

    ALLOCATE = "malloc"  # the export that gives memory

    def __init__(self, package: ModuleType, engine: Any, content: bytes) -> None:
        self._package = package
        self._engine = engine
        self.module = package.Module(engine, content)
        self._open(self._streams())
        self._start()

    @classmethod
    def unpack(cls, content: bytes) -> bytes:
        """The module that a package's file is or has in it. Raises `Aborted` if there is none."""
        return binary_in(content)

    def _streams(self) -> Any:
        """What a program is given that only prints."""
        config = self._package.WasiConfig()
        config.inherit_stdout()
        config.inherit_stderr()
        return config

    def _open(self, config: Any) -> None:
        """An instance, in the place of the one that there is."""
        self._store = self._package.Store(self._engine)
        self._store.set_wasi(config)
        linker = self._package.Linker(self._engine)
        linker.define_wasi()
        self._supply(linker)
        self._exports = linker.instantiate(self._store, self.module).exports(self._store)
        self._memory = self._export("memory")

    def answers(self, arguments: Sequence[str]) -> Iterator[bytes]:
        """What the program prints when it is asked for all of its arguments."""
        raise NotImplementedError

    def _supply(self, linker: Any) -> None:
        """What the module imports beside WASI."""

    def _start(self) -> None:
        """What comes before all calls: constructors, and a runtime's own start."""
        self._call_if_there("_initialize")

    def _call_if_there(self, name: str) -> None:
        if name in self._exports:
            self.call(name)

    def call(self, name: str, *arguments: float) -> Any:
        """Call an export."""
        return self._export(name)(self._store, *arguments)

    def _export(self, name: str) -> Any:
        if name not in self._exports:
            raise Aborted(f"the module does not export {name}")
        return self._exports[name]

    def allocate(self, data: bytes) -> int:
        """A copy of the bytes in the program's memory, for it to free."""
        address: int = self.call(self.ALLOCATE, len(data)) % ADDRESSES
        if address == 0:
            raise Aborted(f"the program has no memory for {len(data)} bytes")
        self._memory.write(self._store, data, address)
        return address

    def string(self, text: str) -> int:
        """A copy of a text as C has it, with zero at its end."""
        return self.allocate(text.encode() + b"\0")

    def read(self, address: int, size: int) -> bytes:
        """Bytes of the program's memory; it may give addresses as signed numbers."""
        start = address % ADDRESSES
        return bytes(self._memory.read(self._store, start, start + size))

    def pointer(self, address: int) -> int:
        """The address, or the other number of 32 bits, that stands at an address."""
        value: int = struct.unpack(_POINTER, self.read(address, POINTER_BYTES))[0]
        return value

    def text(self, address: int) -> str:
        """A string that ends with zero."""
        found = b""
        while (end := found.find(0)) < 0 and (piece := self.read(address + len(found), 256)):
            found += piece
        return found[: end if end >= 0 else None].decode(errors="replace")


def binary_in(content: bytes) -> bytes:
    """A module, which may stand in the text of a script: packages for JavaScript often have it so."""
    if content.startswith(b"\0asm"):
        return content
    found = re.search(rb"AGFzbQ[A-Za-z0-9+/]+=*", content)  # how all modules begin in base64
    if found is None:
        raise Aborted("there is no module in the script")
    return base64.b64decode(found[0])


def pointers(*values: int) -> bytes:
    """Addresses as they stand in memory."""
    return b"".join(struct.pack(_POINTER, value) for value in values)


def main(kind: type[Guest]) -> int:
    """Run a host as its command line says; nothing of its answers is printed if it fails."""
    engine, module, *arguments = sys.argv[1:]
    package, opened = open_engine(engine)
    return 0 if run(kind, package, opened, Path(module), arguments) else 1


def run(kind: type[Guest], package: ModuleType, engine: Any, module: Path, arguments: Sequence[str]) -> Guest | None:
    """Load a module and print its answers; None if it fails, which has been said."""
    try:
        guest = kind(package, engine, kind.unpack(module.read_bytes()))
        answers = b"".join(guest.answers(arguments)) if arguments else b""
    except (Aborted, OSError, package.Trap, package.WasmtimeError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return None
    sys.stdout.buffer.write(answers)
    return guest
