"""All commands, by their names.

Every command is a file of its own and imported only when it is called: a program's start should not
wait for what another command needs.
"""

import os
from difflib import get_close_matches
from importlib import import_module
from typing import Final

import click

from fusee import __version__
from fusee.cli.plain import COMMANDS

_HELP: Final = ["-h", "--help"]
_OWN_OPTIONS: Final = (*_HELP, "-V", "--version")


class _Commands(click.Group):
    """Imports commands when they are called; what names no command is a program to run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"fusee.cli.{cmd_name}"), cmd_name)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in COMMANDS and args[0] not in _OWN_OPTIONS:
            _suggest(args[0])
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _suggest(word: str) -> None:
    """Raises `click.UsageError` for what is no file and looks like a command that was meant."""
    close = get_close_matches(word, COMMANDS, 1)
    if close and not os.path.lexists(word):
        raise click.UsageError(f"{word}: neither a command nor a file; is it `fusee {close[0]}`?")


@click.group(cls=_Commands, context_settings={"help_option_names": _HELP})
@click.pass_context
@click.option("-V", "--version", is_flag=True, is_eager=True, expose_value=False, help="Show the version and exit.",
              callback=lambda ctx, _, value: _show_version(ctx) if value else None)  # fmt: skip
def fusee(ctx: click.Context) -> None:
    """A WebAssembly engine for machines where a JIT is not allowed.

    `fusee app.wasm` is short for `fusee run app.wasm`.
    """


def _show_version(ctx: click.Context) -> None:
    click.echo(f"fusee {__version__}")
    ctx.exit()
