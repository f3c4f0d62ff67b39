"""What all commands that load modules share."""

import errno
import os
import re
import stat
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar

from fusee.cli.errors import usage_error

if TYPE_CHECKING:
    from pathlib import Path

    from fusee import Config, Engine, Module
    from fusee.component import Component, ComponentType
    from fusee.kernel.target import Target


STANDARD_INPUT: Final = "-"
PathLike = str | os.PathLike[str]
MAGIC: Final = b"\0asm"  # spec 5.5.16
COMPONENT_VERSION: Final = b"\x0d\0\1\0"  # what follows it in a component (component model, Binary)
_PRECOMPILED: Final = b"\0fusee"
_MOST_BYTES: Final = 1 << 30  # of a module (the JavaScript interface's limits of implementations)
_PART_BYTES: Final = 1 << 16
_COMPONENT_TEXT: Final = r"(?s:(?:\s|;;[^\n]*\n|\(;.*?;\))*\(\s*component\b)"

Made = TypeVar("Made")


class ModuleFile:
    """A module's file, read before the engine starts: a wrong name is found at once."""

    __slots__ = ("content", "path")

    def __init__(self, path: str, content: str | bytes) -> None:
        self.path = path
        self.content = content

    @classmethod
    def read(cls, file: PathLike) -> "ModuleFile":
        """Reads a file, or for `-` standard input: a binary, or text if its name or its first bytes say so.

        Raises `OSError`.
        """
        path = os.fspath(file)
        content = _contents(path)
        is_text = os.path.splitext(path)[1] == ".wat" or (path == STANDARD_INPUT and not content.startswith(MAGIC))
        return cls(path, content.decode(errors="replace") if is_text else content)

    @property
    def is_component(self) -> bool:
        """Whether it is a component, by how it begins."""
        if isinstance(self.content, bytes):
            return self.content[4:8] == COMPONENT_VERSION
        return re.match(_COMPONENT_TEXT, self.content) is not None

    @property
    def is_precompiled(self) -> bool:
        """Whether `fusee compile` has written it."""
        if isinstance(self.content, str) or not self.content.startswith(_PRECOMPILED):
            return False
        from fusee.api._serialized import SERIALIZED

        return self.content.startswith(SERIALIZED)

    def compile(self, engine: "Engine") -> "Module":
        """The module, of a precompiled file with its code; errors name the file."""
        from fusee import Module

        return self._named(Module.deserialize if self.is_precompiled else Module, engine)

    def compile_component(self, engine: "Engine") -> "Component":
        """The component; errors name the file."""
        from fusee.component import Component

        return self._named(Component, engine)

    def _named(self, make: "Callable[[Engine, Any], Made]", engine: "Engine") -> "Made":
        from fusee import FuseeError

        try:
            return make(engine, self.content)
        except FuseeError as error:
            raise type(error)(f"{self.path}: {error.message}", error.offset) from None


def _contents(path: str) -> bytes:
    """What is in a file, or its beginning if that tells that it is no module: it may be a device that never ends.

    Raises `OSError`, also if that is more than a module may have.
    """
    try:
        if path == STANDARD_INPUT:
            return _bounded(sys.stdin.buffer)
        with open(path, "rb") as file:
            found = os.fstat(file.fileno())
            if stat.S_ISREG(found.st_mode) and found.st_size <= _MOST_BYTES and not _is_no_module(file.peek()):
                return file.read()
            return _bounded(file)
    except OSError as error:  # one of reading has no name
        error.filename = path
        raise


def _bounded(file: BinaryIO) -> bytes:
    """The same of a file of which nobody knows how much is in it."""
    parts, left = [file.read(_PART_BYTES)], _MOST_BYTES
    while not _is_no_module(parts[0]) and (part := file.read(_PART_BYTES)):
        parts.append(part)
        left -= len(part)
        if left < 0:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return b"".join(parts)


def _is_no_module(start: bytes) -> bool:
    """Neither a binary, nor text, in which there is no such character."""
    return start[:1] == b"\0" and not start.startswith((MAGIC, _PRECOMPILED))


def check_writable(path: "Path | None") -> None:
    """Raise `OSError` if a file cannot be written: now, rather than after the minutes that its contents take.

    What is neither a file nor a folder is not opened: who reads a pipe would take that for its end.
    """
    if path is None or (path.exists() and not path.is_file() and not path.is_dir()):
        return
    target = path.resolve()  # a link that leads to nothing yet stays
    is_new = not target.exists()
    target.open("ab").close()
    if is_new:
        target.unlink()


def read_all(paths: Iterable[PathLike]) -> tuple[list[ModuleFile], int]:
    """All files that can be read, and an exit status: an error is shown for each of the others."""
    from fusee.cli.main import fail

    found, status = [], 0
    for path in paths:
        try:
            found.append(ModuleFile.read(path))
        except OSError as error:
            status = fail(f"{path}: {error.strerror}")
    return found, status


def read_component(file: PathLike, otherwise: str) -> "Component":
    """The component in a file. Raises `click.UsageError` for a core module, which is no use for a reason given."""
    source, engine = ModuleFile.read(file), make_engine()
    if source.is_component:
        return source.compile_component(engine)
    source.compile(engine)  # or it is neither
    raise usage_error(f"{source.path}: a core module, {otherwise}")


def read_world(path: "Path", name: str | None, otherwise: str) -> "ComponentType":
    """What a component imports and exports: the one in a file; or the world of a name in a WIT file or folder.

    The name may be missing if there is one world. Raises `click.UsageError` if there is none of that name, or several,
    what cannot be read, and as `read_component`.
    """
    if path.suffix != ".wit" and not path.is_dir():
        if name is not None:
            raise usage_error(f"--world: {path} is no WIT file or folder, and has one world")
        return read_component(path, otherwise).type
    from fusee import WasmtimeError
    from fusee.api.text import wit2wasm
    from fusee.component.worlds import worlds_of

    path.stat()  # of what is not there, the error is the usual one
    try:
        found = worlds_of(make_engine(), bytes(wit2wasm(str(path))))
    except WasmtimeError as error:
        raise type(error)(f"{path}: {error.message}") from None
    if name in found:
        return found[name]
    if name is None and len(found) == 1:
        return next(iter(found.values()))
    if not found:
        raise usage_error(f"{path}: a WIT package without worlds")
    names = ", ".join(f"`{world}`" for world in found)
    if name is None:
        raise usage_error(f"{path} has several worlds, {names}: name one with --world")
    raise usage_error(f"{path} has no world `{name}`, but {names}")


def make_engine(configure: Callable[["Config"], None] = lambda config: None) -> "Engine":
    """An engine with settings; for a device, what is shipped for it."""
    from fusee import Config

    config = Config()
    configure(config)
    if config.target:
        prefer_shipped(config.target)
    from fusee import Engine

    return Engine(config)


def prefer_shipped(triple: str) -> None:
    """Make this process's engine the one that a device's library has."""
    from fusee.engine.isa.selection import prefer, shipped

    prefer(shipped(parse_target(triple)))


def parse_target(triple: str) -> "Target":
    """The machine that a triple names. Raises `click.UsageError` for an unknown one."""
    from fusee.kernel.target import Target

    try:
        return Target.parse(triple)
    except ValueError as error:
        raise usage_error(f"--target: {error}") from None
