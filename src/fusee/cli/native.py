"""`fusee build --native`: which modules get native code in the library, and how much."""

import multiprocessing
import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

if TYPE_CHECKING:
    from fusee.package.natives import NativeModule

_UNITS: Final = {"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20}


def byte_count(text: str | None) -> int | None:
    """A size as people write it."""
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,18}(?:\.[0-9]{1,18})?)\s*([KM]?B?)", text.upper())
    unit = match and match[2] if not match or match[2] not in ("K", "M") else f"{match[2]}B"
    if match is None or unit not in _UNITS:
        raise click.BadParameter(f"{text}: not a size such as 300KB")
    return int(float(match[1]) * _UNITS[unit])


def native_module(
    argument: str, share: float, size: int | None, is_metered: bool, is_interruptible: bool = False
) -> "NativeModule":
    """What `--native FILE[=PROFILE]` names: a valid module; and how often each of its functions was executed."""
    from fusee.native.budget import Budget
    from fusee.package.natives import NativeModule

    name, _, profile = argument.partition("=")
    # Apart, because the library's instructions are yet to be chosen in this process.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        read = pool.submit(_read, name, profile).result()
    if isinstance(read, str):
        raise click.ClickException(f"--native {argument}: {read}")
    budget = Budget(share, size)
    return NativeModule(
        Path(name).name, read.binary, read.executions, budget, is_metered, is_interruptible, read.uses_wasi, read.names
    )


class _Read(NamedTuple):
    binary: bytes
    executions: dict[int, float] | None  # of each function, if there is a profile
    names: dict[int, str]
    uses_wasi: bool


def _read(name: str, profile: str) -> _Read | str:
    """The module, or what is wrong."""
    from fusee import Engine, FuseeError, Module
    from fusee.engine.state.module import EXTERN_FUNC
    from fusee.wasi.define import MODULE, SNAPSHOT_0_MODULE

    try:
        module = Module.from_file(Engine(), name)
        executions = _executions(Path(profile), module._binary) if profile else None
    except OSError as error:
        reason = error.strerror or str(error)
        return reason if error.filename in (None, name) else f"{error.filename}: {reason}"  # of the profile
    except FuseeError as error:
        return str(error)
    exported = {index: export for export, (kind, index) in module._export_places.items() if kind == EXTERN_FUNC}
    uses_wasi = any(item.module in (MODULE, SNAPSHOT_0_MODULE) for item in module.imports)
    return _Read(module._binary, executions, exported | module._names.functions, uses_wasi)


def _executions(profile: Path, binary: bytes) -> dict[int, float]:
    from fusee import FuseeError
    from fusee.tune.lister import Lister
    from fusee.tune.profile import Profile

    read = Profile.read(profile)
    if read.binary != binary:
        raise FuseeError(f"{profile} is the profile of another module")
    return Lister().executions(read)
