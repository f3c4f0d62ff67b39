"""`fusee build --without`: whether what the library is built for can do without."""

import multiprocessing
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import click

from fusee.spec.families import Family, leave_out, parse

if TYPE_CHECKING:
    from fusee.package.components.split import SplitComponent
    from fusee.package.natives import NativeModule


def families(names: str) -> frozenset[Family]:
    """What `--without` names."""
    try:
        return parse(names)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def check_families(
    without: frozenset[Family], natives: "Sequence[NativeModule]", components: "Sequence[SplitComponent]"
) -> None:
    """Refuse what the library would refuse when it is decoded; and say where the app has to give WASI."""
    modules = [(f"--native {module.name}", module.binary) for module in natives]
    for component in components:
        for number, binary in enumerate(component.modules, 1):
            where = f", core module {number} of {len(component.modules)}" if len(component.modules) > 1 else ""
            modules.append((f"--component {component.name}{where}", binary))
    if Family.WASI in without:
        users = [f"--native {module.name}" for module in natives if module.uses_wasi]
        users += [f"--component {component.name}" for component in components if component.uses_wasi]
        for user in users:
            click.echo(f"{user}: it imports WASI, which this library is without: the app has to define that", err=True)
    absent = without - {Family.WASI}
    if not absent or not modules:
        return
    # Apart, because the library's instructions are yet to be chosen in this process.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        found = pool.submit(_lacking, sorted(absent), [binary for _, binary in modules]).result()
    for (name, _), family in zip(modules, found, strict=True):
        if family is not None:
            raise click.UsageError(f"{name}: it needs {family}, and --without leaves that out: it would be refused")


def _lacking(without: Iterable[Family], binaries: Sequence[bytes]) -> list[Family | None]:
    leave_out(without)
    from fusee.package.lacking import Reader

    reader = Reader()
    return [reader.lacking(binary) for binary in binaries]
