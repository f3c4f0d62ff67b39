"""Finds specification scripts and turns their text into commands and binary modules.

The text format is parsed by the `wasm-tools` binary, which the extra `fusee[wast]` installs.
"""

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusee.api.text import find_wasm_tools


class ScriptError(Exception):
    """A script cannot be found or converted."""


@dataclass(frozen=True)
class Script:
    """A script as commands; module files are relative to `directory`."""

    path: Path
    directory: Path
    commands: list[dict[str, Any]]

    def read_module(self, filename: str) -> bytes:
        """The contents of a module that a command names."""
        return (self.directory / filename).read_bytes()


def find_scripts(paths: Iterable[Path]) -> list[Path]:
    """Files as given, and the `.wast` files directly in each directory."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found.extend(sorted(path.glob("*.wast")))
        elif path.is_file():
            found.append(path)
        else:
            raise ScriptError(f"{path}: no such file or directory")
    return found


@contextlib.contextmanager
def open_script(path: Path) -> Iterator[Script]:
    """Converts a script; the binary modules live until the context ends.

    A `.json` file is taken as a script that has been converted already.
    """
    if path.suffix == ".json":
        yield Script(path, path.parent, _read_commands(path))
        return
    with tempfile.TemporaryDirectory(prefix="fusee-wast-") as name:
        yield _convert(path, Path(name))


def _convert(path: Path, directory: Path) -> Script:
    output = directory / "script.json"
    command = [find_wasm_tools(), "json-from-wast", str(path), "-o", str(output), "--wasm-dir", str(directory)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        first_line = result.stderr.strip().partition("\n")[0] or f"exit status {result.returncode}"
        raise ScriptError(f"cannot be converted: {first_line}")
    return Script(path, directory, _read_commands(output))


def _read_commands(path: Path) -> list[dict[str, Any]]:
    try:
        commands = json.loads(path.read_bytes())["commands"]
    except (ValueError, KeyError, TypeError) as error:
        raise ScriptError("not a converted script") from error
    return list(commands)
