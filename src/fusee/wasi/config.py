"""What an embedder lets a WASI program see; everything is closed until it is opened here."""

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fusee.wasi.descriptors import CustomOutput, StrPath


@dataclass(frozen=True)
class Preopen:
    """A directory that the guest may use."""

    host_path: str
    guest_path: str
    is_mutable: bool


@dataclass(frozen=True)
class StreamSource:
    """Where one of the standard streams comes from or goes to: at most one of these."""

    is_closed: bool = False
    is_inherited: bool = False
    path: StrPath | None = None
    callback: CustomOutput | None = None


class WasiConfig:
    """Arguments, environment, streams and directories of a program."""

    def __init__(self) -> None:
        self.argv: Sequence[str] = ()
        self.env: Iterable[tuple[str, str]] = ()
        self.stdin = StreamSource()
        self.stdout = StreamSource()
        self.stderr = StreamSource()
        self.preopens: list[Preopen] = []

    def inherit_argv(self) -> None:
        """Passes this process's arguments on."""
        self.argv = tuple(sys.argv)

    def inherit_env(self) -> None:
        """Passes this process's environment on."""
        self.env = tuple(os.environ.items())

    def inherit_stdin(self) -> None:
        """Reads this process's standard input."""
        self.stdin = StreamSource(is_inherited=True)

    def inherit_stdout(self) -> None:
        """Writes to this process's standard output."""
        self.stdout = StreamSource(is_inherited=True)

    def inherit_stderr(self) -> None:
        """Writes to this process's standard error."""
        self.stderr = StreamSource(is_inherited=True)

    def omit_stream(self, fd: int) -> None:
        """Leaves the standard stream `fd` (0 to 2) out, as a shell does for `<&-`: using its number is `EBADF`."""
        setattr(self, ("stdin", "stdout", "stderr")[fd], StreamSource(is_closed=True))

    def preopen_dir(self, path: str, guest_path: str, fs_mutable: bool = True) -> None:
        """Lets the guest use the directory `path` under the name `guest_path`."""
        self.preopens.append(Preopen(path, guest_path, fs_mutable))

    def _set_stdin_file(self, path: StrPath) -> None:
        self.stdin = StreamSource(path=path)

    def _set_stdout_file(self, path: StrPath) -> None:
        self.stdout = StreamSource(path=path)

    def _set_stderr_file(self, path: StrPath) -> None:
        self.stderr = StreamSource(path=path)

    def _set_stdout_custom(self, callback: CustomOutput) -> None:
        self.stdout = StreamSource(callback=callback)

    def _set_stderr_custom(self, callback: CustomOutput) -> None:
        self.stderr = StreamSource(callback=callback)

    # Write-only, as in wasmtime-py.
    stdin_file = property(None, _set_stdin_file, doc="Reads standard input from a file.")
    stdout_file = property(None, _set_stdout_file, doc="Writes standard output to a file, which is emptied first.")
    stderr_file = property(None, _set_stderr_file, doc="Writes standard error to a file, which is emptied first.")
    stdout_custom = property(None, _set_stdout_custom, doc="Calls a function with each piece of standard output.")
    stderr_custom = property(None, _set_stderr_custom, doc="Calls a function with each piece of standard error.")
