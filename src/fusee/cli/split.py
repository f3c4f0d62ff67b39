"""`fusee build --component`: which components are split for an app."""

import multiprocessing
import re
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from fusee.package.components.split import SplitComponent


_TAKEN: Final = ("wasm", "fusee", "fusee_component")  # by headers of the library's


def split_components(files: Sequence[str]) -> "list[SplitComponent]":
    """What `--component FILE` names, each split."""
    made: list[SplitComponent] = []
    for file in files:
        # Apart, because the library's instructions are yet to be chosen in this process.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            found, error = pool.submit(_split, file).result()
        if found is None:
            raise click.ClickException(f"--component {file}: {error}")
        if found.name in (*_TAKEN, *(other.name for other in made)):
            raise click.UsageError(f"--component {file}: there is another header {found.name}.h; give it another name")
        made.append(found)
    return made


def _split(file: str) -> "tuple[SplitComponent | None, str]":
    """The parts, or what is wrong."""
    from fusee import FuseeError
    from fusee.package.components.plan import NotForDevices
    from fusee.package.components.split import split

    name = re.sub(r"\W+", "_", Path(file).stem)
    try:
        return split(name, Path(file).read_bytes()), ""
    except OSError as error:
        return None, error.strerror or str(error)
    except FuseeError as error:
        return None, str(error)
    except NotForDevices as error:
        return None, f"this component cannot be split for a device: {error}"
