"""Runs WASI programs under Fusee and under wasmtime. Both have the same Python interface, so it is the same code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """How a guest ended and what it printed."""

    status: int
    stdout: bytes
    stderr: bytes


class Runtime:
    """One engine of one implementation; modules are compiled once however often they run."""

    def __init__(self, implementation: ModuleType, config: Any = None) -> None:
        self.implementation = implementation
        self.engine = implementation.Engine(config or implementation.Config())
        self.linker = implementation.Linker(self.engine)
        self.linker.define_wasi()
        self.modules: dict[Path, Any] = {}

    def run(
        self, module: Path, arguments: Sequence[str], folders: Mapping[str, Path], scratch: Path, stdin: bytes = b""
    ) -> Outcome:
        """Call a command's `_start`; `folders` maps guest paths to host directories, output goes through `scratch`."""
        streams = {name: scratch / f"{self.implementation.__name__}-{name}" for name in ("stdin", "stdout", "stderr")}
        streams["stdin"].write_bytes(stdin)
        store = self.implementation.Store(self.engine)
        store.set_wasi(self._wasi([module.stem, *arguments], folders, streams))
        status = 0
        try:
            self.linker.instantiate(store, self._load(module)).exports(store)["_start"](store)
        except self.implementation.ExitTrap as exit_trap:
            status = exit_trap.code
        del store
        return Outcome(status, streams["stdout"].read_bytes(), streams["stderr"].read_bytes())

    def _load(self, module: Path) -> Any:
        if module not in self.modules:
            self.modules[module] = self.implementation.Module.from_file(self.engine, str(module))
        return self.modules[module]

    def _wasi(self, argv: Sequence[str], folders: Mapping[str, Path], streams: Mapping[str, Path]) -> Any:
        wasi = self.implementation.WasiConfig()
        wasi.argv = list(argv)
        wasi.stdin_file = str(streams["stdin"])
        wasi.stdout_file = str(streams["stdout"])
        wasi.stderr_file = str(streams["stderr"])
        for guest, host in folders.items():
            wasi.preopen_dir(str(host), guest)
        return wasi
