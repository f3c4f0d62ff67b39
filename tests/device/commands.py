"""`python -m tests.device.commands FILE ARGUMENTS…`: a WASI 0.2 command on an emulated device, by its library.

`--dir FOLDER` before FILE gives it a folder, as `/`.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.device.appfiles import AppFiles
from tests.device.components import App, DeviceTrap

TRIPLE: Final = "arm64_32-apple-watchos"
RUN: Final = "wasi:cli/run@0.2"


class Command(App):
    """A component that uses the library's WASI."""

    def __init__(
        self, wasm: str | bytes, arguments: list[str], environment: list[str] | None = None, given: bytes = b"",
        folders: Mapping[str, Path] | None = None, without: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        super().__init__(TRIPLE, wasm)
        self.written = {1: b"", 2: b""}
        self.errno = 0
        self._given = given
        self.call("fusee_component_use_wasi", self.component)
        made = self.call("fusee_wasi_new")
        given_to = (("argument", arguments), ("environment", environment or []), ("directory", [*(folders or {})]))
        for name, texts in given_to:
            for text in texts:
                assert self.call(f"fusee_wasi_add_{name}", made, self.text(text), len(text.encode()))
        define = self.device.define_anew
        read = define("streams.read", ("address", "u32", "address", "usize", "address"), "u32", self._read)
        write = define("streams.write", ("address", "u32", "address", "usize"), "u32", self._write)
        self.call("fusee_wasi_set_streams", made, self.put(self._words(0, read, write)))
        self.files = AppFiles(self.device, [*(folders or {}).values()])
        if folders:
            self.call("fusee_wasi_set_files", made, self.put(self.files.table(without)))
        self.call("fusee_store_set_wasi", self.store, made)

    def close(self) -> int:
        """End everything: how many bytes are left."""
        self.files.close()
        return super().close()

    def _words(self, *words: int) -> bytes:
        return b"".join(word.to_bytes(self.width, "little") for word in words)

    def _read(self, environment: int, descriptor: int, into: int, size: int, count: int) -> int:
        found, self._given = self._given[:size], self._given[size:]
        self.device.space.write(into, found)
        self.device.space.write(count, self._words(len(found)))
        return self.errno

    def _write(self, environment: int, descriptor: int, data: int, size: int) -> int:
        self.written[descriptor] += self.device.space.read(data, size)
        return self.errno

    def fail(self, trap: int) -> None:
        """Raise `SystemExit` for the program's exit, `DeviceTrap` for another trap."""
        status = self.room(4)
        if trap and self.call("fusee_trap_exit_status", trap, status):
            self.call("wasm_trap_delete", trap)
            raise SystemExit(int.from_bytes(self.device.space.read(status, 4), "little"))
        super().fail(trap)

    def run(self) -> int:
        """Its exit status."""
        self.instantiate()
        interface = next(name for name in self.component_type.type._exports if name.startswith(RUN))
        result: Any = self.func("run", interface)
        try:
            return int(result().tag == "err")
        except SystemExit as error:
            return int(error.code or 0)


def main(file: str, *arguments: str) -> int:
    """The exit status."""
    if file == "--dir":
        return run(arguments[1], list(arguments[2:]), {"/": Path(arguments[0])})
    return run(file, list(arguments), {})


def run(file: str, arguments: list[str], folders: Mapping[str, Path]) -> int:
    """The exit status; its output is this process's."""
    given = sys.stdin.buffer.read()
    command = Command(Path(file).read_bytes(), [Path(file).name, *arguments], given=given, folders=folders)
    try:
        status = command.run()
    except DeviceTrap as error:
        print(error, file=sys.stderr)
        status = 134
    sys.stdout.buffer.write(command.written[1])
    sys.stderr.buffer.write(command.written[2])
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
