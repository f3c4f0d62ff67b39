"""`fusee run --count`: what a program cost on an emulated device."""

from typing import TYPE_CHECKING, Any

import click

from fusee.api.printable import printable
from fusee.cli.errors import usage_error

if TYPE_CHECKING:
    from fusee import Engine, Module


class Measurement:
    """Of one program, from now on."""

    def __init__(self, engine: "Engine") -> None:
        from fusee.emulator.count import InstructionCount

        self._native: Any = engine._native
        device: Any = self._native.device
        try:
            self._count = InstructionCount(device)
        except ValueError as error:
            raise usage_error(str(error)) from None

    def show(self, module: "Module") -> None:
        """Print instructions in all and by function, the costliest first."""
        count = self._count
        by_function = self._native.function_counts(module, count)
        click.echo(f"{count.total:>16,} instructions", err=True)
        click.echo(f"{count.outside:>16,} before and between calls into the program", err=True)
        for index, number in sorted(by_function.items(), key=lambda item: (-item[1], item[0])):
            name = module._names.functions.get(index) or f"function {index}"
            click.echo(f"{number:>16,} {printable(name)}", err=True)
