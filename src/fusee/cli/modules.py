"""What all commands that load modules share."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fusee import Config, Engine, Module


@dataclass(frozen=True)
class ModuleFile:
    """A module's file, read before the engine starts: a wrong name is found at once."""

    path: Path
    content: str | bytes

    @classmethod
    def read(cls, path: Path) -> "ModuleFile":
        """Reads a binary, or text if the name ends in `.wat`. Raises `OSError`."""
        content = path.read_bytes()
        return cls(path, content.decode(errors="replace") if path.suffix == ".wat" else content)

    def compile(self, engine: "Engine") -> "Module":
        """The module; errors name the file."""
        from fusee import FuseeError, Module

        try:
            return Module(engine, self.content)
        except FuseeError as error:
            raise type(error)(f"{self.path}: {error.message}", error.offset) from None


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
    """Make this process's engine the one that a device's library has. Raises `ValueError` for an unknown triple."""
    from fusee.engine.isa.selection import prefer, shipped
    from fusee.kernel.target import Target

    prefer(shipped(Target.parse(triple)))
