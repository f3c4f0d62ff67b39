"""The `fusee` command: what is common to all commands.

Every command is a file of its own and imported only when it is called: a program's start should not
wait for what another command needs.
"""

import os
import sys
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Final

import click

from fusee import __version__
from fusee.cli.streams import hold_closed_streams

_COMMANDS: Final = {
    "run": "Run a program (the default).",
    "validate": "Check that files are valid modules.",
    "disasm": "Show the bytecode of functions beside their WebAssembly.",
    "isa": "Show the instruction set of the register machine.",
    "wast": "Run specification scripts.",
    "build": "Write the device library for a target.",
    "prepare": "Compile the whole engine now.",
    "targets": "Describe the machines that a library can be built for.",
    "bench": "Compare speed with other engines.",
    "tune": "Choose an engine's trees by what programs execute.",
}

_HELP: Final = ["-h", "--help"]
_OWN_OPTIONS: Final = (*_HELP, "-V", "--version")
_INTERRUPTED: Final = 130  # what shells report for a program ended by Ctrl-C


class _Commands(click.Group):
    """Imports commands when they are called; what names no command is a program to run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"fusee.cli.{cmd_name}"), cmd_name)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in _COMMANDS and args[0] not in _OWN_OPTIONS:
            _suggest(args[0])
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


def _suggest(word: str) -> None:
    """Raises `click.UsageError` for what is no file and looks like a command that was meant."""
    close = get_close_matches(word, _COMMANDS, 1)
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


def main() -> None:
    """Runs the command line: an error is one line, and never a traceback."""
    hold_closed_streams()
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """Runs a command; its exit status."""
    try:
        status: Any = fusee.main(arguments, prog_name="fusee", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_wanted:
        click.echo(help_wanted.format_message(), err=True)
        return 1
    except click.ClickException as error:
        return fail(error.format_message())
    except (click.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # nobody reads any more; the interpreter must not complain about it at its end
        return 1
    except Exception as error:
        return _report(error)
    return status if isinstance(status, int) else 0


def _report(error: Exception) -> int:
    from fusee import FuseeError

    if isinstance(error, FuseeError):
        return fail(str(error), keeps_lines=True)
    if isinstance(error, OSError):
        return fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    if sys.flags.dev_mode:  # `python -X dev`
        raise error
    return fail(f"internal error: {type(error).__name__}: {error}")


def fail(message: str, *, keeps_lines: bool = False) -> int:
    """Shows an error as one line, or with its lines, as where they point into a text; the exit status."""
    click.echo("fusee: " + (message.rstrip() if keeps_lines else " ".join(message.split())), err=True)
    return 1
