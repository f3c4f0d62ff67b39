"""What all commands that load modules share."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fusee.api import Config, Engine, Module


def make_engine(configure: Callable[["Config"], None] = lambda config: None) -> "Engine":
    """An engine with settings."""
    from fusee.api import Config, Engine

    config = Config()
    configure(config)
    return Engine(config)


def load_module(engine: "Engine", file: Path) -> "Module":
    """A module from a file; errors name the file."""
    from fusee.api import FuseeError, Module

    try:
        return Module.from_file(engine, str(file))
    except FuseeError as error:
        raise type(error)(f"{file}: {error.message}", error.offset) from None
    except OSError as error:
        raise FuseeError(f"{file}: {error.strerror}") from None
