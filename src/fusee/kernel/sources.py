"""Which source files a program is made of, and whether they have changed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from functools import cache
from types import ModuleType
from typing import Any

from fusee.kernel.cache import expected
from fusee.kernel.host import compiler_version

_COMPILER = os.path.dirname(os.path.abspath(__file__))
_YOUNG_NANOSECONDS = 2_000_000_000  # a file may change again without a new time if its clock is coarse

Note = list[Any]
"""What a file was: the digest of its contents and, if it was not written just before, its stamp. Kept in the cache."""


def source_notes(modules: Iterable[str]) -> dict[str, Note]:
    """Notes of every file that these modules can have taken a static value from, and of the compiler's.

    A module that is made of other files has their names in `READ_FILES`.
    """
    from pathlib import Path

    files = {str(path) for path in Path(_COMPILER).rglob("*.py")} | {compiler_version()}
    files.update(_reachable_files(set(modules)))
    notes: dict[str, Note] = {file: [file_digest(file), None] for file in sorted(files)}
    refresh(notes)
    return notes


def read_now(modules: Iterable[str]) -> None:
    """Read all files that notes of these modules may be of, before what takes long: notes are of what they are now.

    Who changes one meanwhile changes what is not in the program: the next process has to see that.
    """
    libraries, packages = _libraries(), _packages(modules)
    for module in list(sys.modules.values()):
        if isinstance(module, ModuleType):  # anything may be there
            for file in _files(module, libraries, packages):
                file_digest(file)


def checked_notes(value: Any) -> dict[str, Note]:
    """What was kept, if it is notes of files. Raises what Python raises for anything else."""
    notes = expected(value, dict)
    for file, (known, _) in notes.items():
        expected(file, str)
        expected(known, str)
    return notes


def are_stamped(notes: dict[str, Note]) -> bool:
    """Whether no file has been written to: for most starts, all that has to be known."""
    are = all(_stamp(file) == stamp is not None for file, (_, stamp) in notes.items())
    if are:
        _seen.update((file, stamp) for file, (_, stamp) in notes.items())
    return are


def were_stamped(stamps: dict[str, Any]) -> bool:
    """The same of files by their stamps. Of those that `are_stamped` has seen, it is what they had at that time."""
    return all(stamp == _seen.get(file, 0) or stamp == _stamp(file) is not None for file, stamp in stamps.items())


def unchanged(notes: dict[str, Note]) -> bool:
    """Whether all files still have the contents that they had."""
    return all(
        _stamp(file) == stamp is not None or file_digest(file) == known for file, (known, stamp) in notes.items()
    )


def refresh(notes: dict[str, Note]) -> bool:
    """Note the stamps of files that are unchanged, so that they need not be read again; whether there are new ones.

    Who has written to a file since this process has read it has changed something that is not in the digest.
    """
    limit = time.time_ns() - _YOUNG_NANOSECONDS
    is_new = False
    for file, note in notes.items():
        stamp = _stamp(file)
        if stamp is not None and stamp != note[1] and stamp == _when_read.get(file) and max(stamp[1:]) < limit:
            note[1] = stamp
            is_new = True
    return is_new


def _stamp(file: str) -> list[int] | None:
    """What changes when somebody writes to the file or puts another one in its place, however old that is."""
    try:
        status = os.stat(file)
    except (OSError, ValueError):  # no path has a zero byte
        return None
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


_seen: dict[str, list[int]] = {}
"""The stamps that `are_stamped` has found to be right."""

_when_read: dict[str, list[int] | None] = {}
"""The stamps of files just before their digests were made."""


@cache
def file_digest(file: str) -> str:
    """A file's digest; read once per process, since what was imported does not change either."""
    import hashlib

    _when_read[file] = _stamp(file)
    try:
        with open(file, "rb") as contents:
            return hashlib.sha256(contents.read()).hexdigest()
    except (OSError, ValueError):
        return ""


def _libraries() -> tuple[str, ...]:
    """The folders of Python's own modules and of installed ones."""
    import sysconfig

    return tuple({path for name, path in sysconfig.get_paths().items() if name.endswith(("lib", "stdlib"))})


def _packages(modules: Iterable[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def _files(module: ModuleType, libraries: tuple[str, ...], packages: set[str]) -> tuple[str, ...]:
    """The files that a module is made of; none if it is a library's, and not of these packages."""
    told = vars(module)
    file = told.get("__file__")
    if not isinstance(file, str) or not file.endswith(".py"):
        return ()
    if module.__name__.partition(".")[0] not in packages and file.startswith(libraries):
        return ()
    return (file, *told.get("READ_FILES", ()))


def _reachable_files(modules: set[str]) -> set[str]:
    """The files of these modules and of all that they import, directly or not; libraries excepted."""
    libraries, packages = _libraries(), _packages(modules)
    found: set[str] = set()
    pending, seen = list(modules), set(modules)
    while pending:
        module = sys.modules.get(pending.pop())
        if module is None:
            continue
        if files := _files(module, libraries, packages):
            found.update(files)
            imported = _imported(module, files[0]) - seen
            seen |= imported
            pending += imported
    return found


def _imported(module: ModuleType, file: str) -> set[str]:
    """The names in a file's import statements that may be modules."""
    import ast

    names: set[str] = set()
    package = module.__package__ or ""
    with open(file, "rb") as source:
        tree = ast.parse(source.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            origin = ".".join(filter(None, (above, node.module)))
            names.add(origin)
            names.update(f"{origin}.{alias.name}" for alias in node.names)
    return names
