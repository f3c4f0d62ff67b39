"""`fusee build --native`: which modules get native code in the library, and what was chosen of them."""

import multiprocessing
import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from fusee.package.natives import NativeModule

_UNITS: Final = {"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20}
_MOST_ROWS: Final = 40


def byte_count(text: str | None) -> int | None:
    """A size as people write it."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KM]?B?)", text.upper())
    unit = match and match[2] if not match or match[2] not in ("K", "M") else f"{match[2]}B"
    if match is None or unit not in _UNITS:
        raise click.BadParameter(f"{text}: not a size such as 300KB")
    return int(float(match[1]) * _UNITS[unit])


def native_module(argument: str, share: float, size: int | None, is_metered: bool) -> "NativeModule":
    """What `--native FILE[=PROFILE]` names: a valid module; and how often each of its functions was executed."""
    from fusee.native.budget import Budget
    from fusee.package.natives import NativeModule

    name, _, profile = argument.partition("=")
    # Apart, because the library's instructions are yet to be chosen in this process.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        binary, executions, error = pool.submit(_read, name, profile).result()
    if error:
        raise click.ClickException(f"--native {argument}: {error}")
    return NativeModule(Path(name).name, binary, executions, Budget(share, size), is_metered)


def _read(name: str, profile: str) -> tuple[bytes, dict[int, float] | None, str]:
    """The module, the executions of its functions, and what is wrong."""
    from fusee import Engine, FuseeError, Module

    try:
        module = Module.from_file(Engine(), name)
        return module._binary, _executions(Path(profile), module._binary) if profile else None, ""
    except (OSError, FuseeError) as error:
        return b"", None, str(error)


def _executions(profile: Path, binary: bytes) -> dict[int, float]:
    from fusee import FuseeError
    from fusee.tune.lister import Lister
    from fusee.tune.profile import Profile

    read = Profile.read(profile)
    if read.binary != binary:
        raise FuseeError(f"{profile} is the profile of another module")
    return Lister().executions(read)


def show_choice(module: "NativeModule", sizes: Any, is_long: bool) -> None:
    """Print how much of a module became native code; with `is_long` every function, the hottest first."""
    from fusee.native.choose import candidates

    made = sizes[module.name]
    native = frozenset(made["functions"])
    found = candidates(module.binary, module.executions)
    click.echo(
        f"{module.name}: {len(native)} of {len(found)} functions native, {made['text']} bytes,"
        f" {made['share']:.1%} of what is executed"
    )
    if not is_long:
        return
    for candidate in found[:_MOST_ROWS]:
        choice = "native" if candidate.index in native else candidate.reason or "interpreted"
        click.echo(f"{candidate.weight:8.2%} {candidate.size:8} bytes of Wasm  function {candidate.index}: {choice}")
    if len(found) > _MOST_ROWS:
        click.echo(f"and {len(found) - _MOST_ROWS} more")
