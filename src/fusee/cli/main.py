"""The `fusee` command: how it begins, and how it reports errors."""

import os
import sys
from typing import Any, Final

from fusee.cli.plain import plain_request
from fusee.cli.streams import hold_closed_streams

_INTERRUPTED: Final = 130  # what shells report for a program ended by Ctrl-C


def main() -> None:
    """Runs the command line: an error is one line, and never a traceback."""
    hold_closed_streams()
    arguments = sys.argv[1:]
    status = run_command(arguments)
    if plain_request(arguments) is not None:
        _end_at_once(status)
    sys.exit(status)


def _end_at_once(status: int) -> None:
    """Ends the process of a program that has run: Python would take everything apart first, for a tenth of the time."""
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except (OSError, ValueError):  # is reported where Python ends
        return
    os._exit(status & 0xFF)


def run_command(arguments: list[str]) -> int:
    """Runs a command; its exit status."""
    try:
        status = _run(arguments)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # nobody reads any more; the interpreter must not complain about it at its end
        return 1
    except Exception as error:
        return _report(error)
    return status if isinstance(status, int) else 0


def _run(arguments: list[str]) -> Any:
    asked = plain_request(arguments)
    if asked is not None:
        from fusee.cli.execution import Request, execute

        return execute(Request(**asked))
    from fusee.cli.commands import fusee

    return fusee.main(arguments, prog_name="fusee", standalone_mode=False)


def _report(error: Exception) -> int:
    import click

    from fusee import FuseeError

    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return 1
    if isinstance(error, click.ClickException):
        return fail(error.format_message())
    if isinstance(error, click.Abort):
        return _INTERRUPTED
    if isinstance(error, FuseeError):
        return fail(str(error), keeps_lines=True)
    if isinstance(error, OSError):
        return fail(f"{error.filename}: {error.strerror}" if error.filename is not None else str(error))
    if sys.flags.dev_mode:  # `python -X dev`
        raise error
    return fail(f"internal error: {type(error).__name__}: {error}")


def fail(message: str, *, keeps_lines: bool = False) -> int:
    """Shows an error as one line, or with its lines, as where they point into a text; the exit status."""
    say(message.rstrip() if keeps_lines else " ".join(message.split()))
    return 1


def say(message: str) -> None:
    """Shows a message on standard error. It may have names of a module's in it, or of a file."""
    from fusee.api.printable import harmless

    print("fusee:", harmless(message), file=sys.stderr, flush=True)
