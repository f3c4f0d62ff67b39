"""`wasi:cli`: what a program was called with, its standard streams, and its end."""

from collections.abc import Callable
from typing import Final

from fusee.api.errors import ExitTrap
from fusee.component.values import Variant
from fusee.wasi.abi import FileType, Rights
from fusee.wasi.context import WasiContext
from fusee.wasi.descriptors import File
from fusee.wasi.p2.interface import Interface
from fusee.wasi.p2.io import STREAMS
from fusee.wasi.p2.streams import InputStream, OutputStream, input_of, output_of
from fusee.wasi.resources import Resource

ENVIRONMENT: Final = Interface("cli/environment")
EXIT: Final = Interface("cli/exit")
STDIN: Final = Interface("cli/stdin", STREAMS)
STDOUT: Final = Interface("cli/stdout", STREAMS)
STDERR: Final = Interface("cli/stderr", STREAMS)


@ENVIRONMENT.function("get-environment() -> list<tuple<string, string>>")
def get_environment(context: WasiContext) -> list[tuple[str, str]]:
    """Name and value of each variable."""
    pairs = (_text(variable).partition("=") for variable in context.environment)
    return [(name, value) for name, _, value in pairs]


@ENVIRONMENT.function("get-arguments() -> list<string>")
def get_arguments(context: WasiContext) -> list[str]:
    """The arguments; the first is the program's name."""
    return [_text(argument) for argument in context.arguments]


@ENVIRONMENT.function("initial-cwd() -> option<string>")
def initial_cwd(context: WasiContext) -> str | None:
    """There is none: what a program may see, it finds in its preopened directories."""
    return None


@EXIT.function("exit(status: result)")
def exit_with_result(context: WasiContext, status: Variant) -> None:
    """Ends the program, with success or not; unwinds all of its frames."""
    raise ExitTrap(0 if status.tag == "ok" else 1)


@EXIT.function("exit-with-code(status-code: u8)")
def exit_with_code(context: WasiContext, code: int) -> None:
    """Ends the program with a status of 8 bits."""
    raise ExitTrap(code)


@STDIN.function("get-stdin() -> input-stream")
def get_stdin(context: WasiContext) -> InputStream:
    """Standard input."""
    return input_of(context.descriptors.get(0))


@STDOUT.function("get-stdout() -> output-stream")
def get_stdout(context: WasiContext) -> OutputStream:
    """Standard output."""
    return output_of(context.descriptors.get(1))


@STDERR.function("get-stderr() -> output-stream")
def get_stderr(context: WasiContext) -> OutputStream:
    """Standard error."""
    return output_of(context.descriptors.get(2))


# Terminals


class TerminalInput(Resource):
    """Says that standard input is a terminal."""


class TerminalOutput(Resource):
    """Says that an output is a terminal."""


def define_terminals(
    make: Callable[..., Interface], inputs: type[TerminalInput], outputs: type[TerminalOutput]
) -> None:  # fmt: skip
    """The interfaces that say which standard streams are terminals. Each version has resources of its own."""
    readable, writable = make("cli/terminal-input"), make("cli/terminal-output")
    readable.resource("terminal-input", inputs)
    writable.resource("terminal-output", outputs)
    make("cli/terminal-stdin", readable).function("get-terminal-stdin() -> option<terminal-input>")(
        lambda context: inputs() if is_terminal(context, 0) else None
    )
    make("cli/terminal-stdout", writable).function("get-terminal-stdout() -> option<terminal-output>")(
        lambda context: outputs() if is_terminal(context, 1) else None
    )
    make("cli/terminal-stderr", writable).function("get-terminal-stderr() -> option<terminal-output>")(
        lambda context: outputs() if is_terminal(context, 2) else None
    )


define_terminals(Interface, TerminalInput, TerminalOutput)


def is_terminal(context: WasiContext, fd: int) -> bool:
    """As a C library decides in preview 1: a character device on which nothing can be sought."""
    descriptor = context.descriptors.get(fd)
    if not isinstance(descriptor, File):
        return False
    return descriptor.file_type == FileType.CHARACTER_DEVICE and not descriptor.rights & Rights.FD_SEEK


def _text(raw: bytes) -> str:
    """A string of the host's; what is not UTF-8 in it cannot be passed on."""
    return raw.decode(errors="replace")
