"""Programs of WASI preview 1 on an emulated device, by its library."""

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from subprocess import run
from tempfile import TemporaryDirectory
from typing import Final

from fusee import Engine, Module
from tests.device.commands import Command

_SOURCES: Final = Path(__file__).parent / "programs"


@cache
def compiled(name: str) -> bytes:
    """A C program of the folder `programs`."""
    with TemporaryDirectory() as folder:
        made = Path(folder) / "made.wasm"
        options = ["-target", "wasm32-wasi", "-O1", "-Wall", "-Wextra", "-Werror", "-s", "-o", str(made)]
        run([sys.executable, "-m", "ziglang", "cc", *options, str(_SOURCES / f"{name}.c")], check=True, timeout=600)
        return made.read_bytes()


class Program(Command):
    """One of them, which sees what a `Command` would."""

    def __init__(
        self, wasm: bytes | bytearray, folders: Mapping[str, Path] | None = None, without: tuple[str, ...] = (),
        arguments: tuple[str, ...] = ("app",),
    ) -> None:  # fmt: skip
        super().__init__("(component)", [*arguments], folders=folders, without=without)
        self.module = self.call("wasm_module_new", self.store, self.vector(len(wasm), self.put(bytes(wasm))))
        assert self.module
        self.imports = self.room(2 * self.width)
        self.call("wasm_extern_vec_new_uninitialized", self.imports, len(Module(Engine(), wasm).imports))
        assert self.call("fusee_wasi_imports", self.store, self.module, self.imports)
        self.program = self._made("wasm_instance_new", self.store, self.module, self.imports)

    def start(self) -> int:
        """Its exit status. Raises `DeviceTrap`."""
        self.device.space.write(self.trap, bytes(self.width))
        status = self.call("fusee_wasi_start", self.program, self.trap)
        self.fail(self.pointer(self.trap))
        return status

    def close(self) -> int:
        """End everything: how many bytes are left."""
        self.call("wasm_extern_vec_delete", self.imports)
        self.call("wasm_instance_delete", self.program)
        self.call("wasm_module_delete", self.module)
        return super().close()
