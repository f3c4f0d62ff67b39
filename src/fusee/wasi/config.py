"""What an embedder lets a WASI program see; everything is closed until it is opened here."""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Literal, NamedTuple, TypeVar

from fusee.api.errors import ArgumentError, WasmtimeError
from fusee.api.managed import Managed, expect, expect_path, iterable_of, refuse_closed, shown
from fusee.wasi.descriptors import CustomOutput, StrPath

_T = TypeVar("_T")


class DirPerms(Enum):
    """What a guest may do with a directory, as wasmtime-py 46 has it."""

    READ_ONLY = 1
    WRITE_ONLY = 2
    READ_WRITE = 3


class FilePerms(Enum):
    """What a guest may do with the files in a directory, as wasmtime-py 46 has it."""

    READ_ONLY = 1
    WRITE_ONLY = 2
    READ_WRITE = 3


class Preopen(NamedTuple):
    """A directory that the guest may use."""

    host_path: str
    guest_path: str
    is_mutable: bool


class StreamSource(NamedTuple):
    """Where one of the standard streams comes from or goes to: at most one of these."""

    is_closed: bool = False
    is_inherited: bool = False
    path: StrPath | None = None
    callback: CustomOutput | None = None


NetworkUse = Literal["tcp-connect", "tcp-bind", "udp-connect", "udp-bind"]
AddressCheck = Callable[[NetworkUse, str, int], bool]


class NetworkAccess(NamedTuple):
    """What of the network the guest may use; nothing, unless it is said here."""

    check: AddressCheck = lambda use, host, port: False
    protocols: frozenset[str] = frozenset()  # of "tcp" and "udp"
    allows_lookup: bool = False

    def allows(self, use: NetworkUse, host: str, port: int) -> bool:
        """Whether it may use an address."""
        return use[:3] in self.protocols and bool(self.check(use, host, port))


class WasiConfig(Managed):
    """Arguments, environment, streams and directories of a program; everything is closed until it is opened here.

    A setting is checked when it is made: `AttributeError` if there is none of that name, `ArgumentError` for a value of
    another type, `WasmtimeError` for a file or directory that cannot be used, `ValueError` once the config is used up,
    as it is by `Store.set_wasi`.
    """

    __slots__ = ("__weakref__", "_argv", "_env", "_is_used_up", "_network", "_preopens", "_streams")

    def __init__(self) -> None:
        """No arguments, an empty environment, an empty input, outputs that swallow everything, no directories."""
        self._is_used_up = False
        self._argv: tuple[str, ...] = ()
        self._env: tuple[tuple[str, str], ...] = ()
        self._streams = [StreamSource(), StreamSource(), StreamSource()]
        self._preopens: list[Preopen] = []
        self._network = NetworkAccess()

    def close(self) -> None:
        """Make it unusable, as a store that it is given to does."""
        self._is_used_up = True

    def _opened(self) -> "WasiConfig":
        """The settings, unless they are used up."""
        return refuse_closed() if self._is_used_up else self

    def _consume(self, use: "Callable[[WasiConfig], _T]") -> "_T":
        """What `use` makes of it, once."""
        made = use(self._opened())
        self.close()
        return made

    def _set_argv(self, argv: Sequence[str]) -> None:
        self._opened()._argv = tuple(map(_text, iterable_of(argv, "arguments")))

    def _set_env(self, pairs: Iterable[Iterable[str]]) -> None:
        expected = "pairs of a name and a value"
        env = [tuple(map(_text, iterable_of(pair, expected))) for pair in iterable_of(pairs, expected)]
        if any(len(pair) != 2 for pair in env):
            raise ArgumentError(f"env: expected {expected}")
        self._opened()._env = tuple((name, value) for name, value in env)

    def inherit_argv(self) -> None:
        """Passes this process's arguments on: `sys.argv`."""
        self._set_argv(sys.argv)

    def inherit_env(self) -> None:
        """Passes this process's environment on: `os.environ`."""
        self._set_env(os.environ.items())

    def inherit_stdin(self) -> None:
        """Reads this process's standard input."""
        self._opened()._streams[0] = StreamSource(is_inherited=True)

    def inherit_stdout(self) -> None:
        """Writes to this process's standard output."""
        self._opened()._streams[1] = StreamSource(is_inherited=True)

    def inherit_stderr(self) -> None:
        """Writes to this process's standard error."""
        self._opened()._streams[2] = StreamSource(is_inherited=True)

    def omit_stream(self, fd: int) -> None:
        """Leaves the standard stream `fd` (0 to 2) out, as a shell does for `<&-`: using its number is `EBADF`.

        Not in wasmtime-py.
        """
        self._opened()._streams[fd] = StreamSource(is_closed=True)

    def preopen_dir(
        self,
        path: str,
        guest_path: str,
        fs_mutable: bool | DirPerms = True,
        file_perms: FilePerms | None = None,
        *,
        dir_perms: DirPerms | None = None,
    ) -> None:
        """Lets the guest use the directory `path`, a str, as `guest_path`; unless `fs_mutable`, only read it.

        Instead of `fs_mutable`, `dir_perms` and `file_perms` can be given, as to older versions of wasmtime-py, if they
        allow the same. Raises `ArgumentError`; `WasmtimeError` if there is no such directory.
        """
        asked = fs_mutable if dir_perms is None else dir_perms
        expect(asked, (bool, DirPerms), "a bool or a DirPerms")
        expect(file_perms, (FilePerms, type(None)), "a FilePerms")
        if not os.path.isdir(_text(path)):
            raise WasmtimeError(f"failed to add preopen dir: {path!r} is no directory")
        self._opened()._preopens.append(Preopen(path, _text(guest_path), _is_mutable(asked, file_perms)))

    def inherit_network(self, *, tcp: bool = True, udp: bool = True) -> None:
        """Lets the guest (of WASI 0.2) use all addresses that this process can. Not in wasmtime-py."""
        self.allow_network(lambda use, host, port: True, tcp=tcp, udp=udp)

    def allow_network(self, check: AddressCheck, *, tcp: bool = True, udp: bool = True) -> None:
        """Lets the guest (of WASI 0.2) use those addresses that `check` gives True for. Not in wasmtime-py.

        It is called with "tcp-connect", "tcp-bind", "udp-connect" (to send to, too) or "udp-bind", the address as a str
        such as "127.0.0.1" or "::1", and the port, an int. Names are looked up only after `allow_ip_name_lookup`.
        Raises `ArgumentError`.
        """
        if not callable(check):
            raise ArgumentError(f"allow_network: expected a function, not {shown(check)}")
        names = frozenset(name for name, is_on in (("tcp", tcp), ("udp", udp)) if is_on)
        self._opened()._network = self._network._replace(check=check, protocols=names)

    def allow_ip_name_lookup(self) -> None:
        """Lets the guest (of WASI 0.2) look names of hosts up. Not in wasmtime-py."""
        self._opened()._network = self._network._replace(allows_lookup=True)

    def _set_file(self, stream: int, path: StrPath, flags: int) -> None:
        expect_path(path)
        self._opened()
        try:
            os.close(os.open(path, flags | os.O_CLOEXEC, 0o666))
        except (OSError, ValueError) as error:
            raise WasmtimeError(f"failed to set {_STREAMS[stream]} file: {error}") from error
        self._streams[stream] = StreamSource(path=os.path.abspath(path))

    def _set_stdin_file(self, path: StrPath) -> None:
        self._set_file(0, path, os.O_RDONLY)

    def _set_stdout_file(self, path: StrPath) -> None:
        self._set_file(1, path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def _set_stderr_file(self, path: StrPath) -> None:
        self._set_file(2, path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def _set_custom(self, stream: int, callback: CustomOutput) -> None:
        if not callable(callback):
            raise ArgumentError(f"{_STREAMS[stream]}_custom: expected a function, not {shown(callback)}")
        self._opened()._streams[stream] = StreamSource(callback=callback)

    def _set_stdout_custom(self, callback: CustomOutput) -> None:
        self._set_custom(1, callback)

    def _set_stderr_custom(self, callback: CustomOutput) -> None:
        self._set_custom(2, callback)

    # Write-only, as in wasmtime-py.
    argv = property(None, _set_argv, doc="The program's arguments, strs; the first is its name.")
    env = property(None, _set_env, doc="The program's environment: pairs of strs.")
    stdin_file = property(None, _set_stdin_file, doc="Reads standard input from the file at a path.")
    stdout_file = property(None, _set_stdout_file, doc="Writes standard output to a file, which is emptied first.")
    stderr_file = property(None, _set_stderr_file, doc="Writes standard error to a file, which is emptied first.")
    stdout_custom = property(
        None,
        _set_stdout_custom,
        doc="Calls a function with each piece of standard output, as bytes; it gives how many it took, None for all.",
    )
    stderr_custom = property(
        None,
        _set_stderr_custom,
        doc="Calls a function with each piece of standard error, as bytes; it gives how many it took, None for all.",
    )


_STREAMS = ("stdin", "stdout", "stderr")


def _is_mutable(directory: bool | DirPerms, files: FilePerms | None) -> bool:
    if isinstance(directory, bool):
        directory = DirPerms.READ_WRITE if directory else DirPerms.READ_ONLY
    if files is None:
        files = FilePerms(directory.value)
    if directory.value != files.value or directory is DirPerms.WRITE_ONLY:
        raise WasmtimeError(f"{directory} with {files} is not supported: a directory is read, or read and written")
    return directory is DirPerms.READ_WRITE


def _text(value: str) -> str:
    expect(value, str, "a str")
    if "\0" in value:
        raise WasmtimeError("arguments, names and values of a program cannot contain zero bytes")
    return value
