"""`wasi:cli`: as in 0.2, but for streams."""

from typing import Any, Final

from fusee.component.asynchronous.readers import StreamReader
from fusee.wasi.context import WasiContext
from fusee.wasi.errno import Errno
from fusee.wasi.p2 import cli as p2
from fusee.wasi.p2.streams import ClosedInput, IoError, input_of, output_of, waits
from fusee.wasi.p3.interface import interface
from fusee.wasi.p3.transfer import Outcome, Pieces, PiecesLater, write_all

ENVIRONMENT: Final = interface("cli/environment")
ENVIRONMENT.function("get-environment() -> list<tuple<string, string>>")(p2.get_environment)
ENVIRONMENT.function("get-arguments() -> list<string>")(p2.get_arguments)
ENVIRONMENT.function("get-initial-cwd() -> option<string>")(p2.initial_cwd)

EXIT: Final = interface("cli/exit")
EXIT.function("exit(status: result)")(p2.exit_with_result)
EXIT.function("exit-with-code(status-code: u8)")(p2.exit_with_code)

TYPES: Final = interface("cli/types")
TYPES.define("error-code", "enum {io, illegal-byte-sequence, pipe}")
STDIN: Final = interface("cli/stdin", TYPES)
STDOUT: Final = interface("cli/stdout", TYPES)
STDERR: Final = interface("cli/stderr", TYPES)
_WRITE: Final = "write-via-stream(data: stream<u8>) -> future<result<_, error-code>>"


def code_of(error: IoError) -> str:
    """The `error-code` of what a standard stream has failed with."""
    return {Errno.ILSEQ: "illegal-byte-sequence", Errno.PIPE: "pipe"}.get(error.errno, "io")


@STDIN.function("read-via-stream() -> tuple<stream<u8>, future<result<_, error-code>>>")
def read_stdin(context: WasiContext) -> tuple[Any, Outcome]:
    """Standard input, and how it has ended."""
    descriptor, outcome = context.descriptors.get(0), Outcome()
    stream = input_of(descriptor)
    is_ready = descriptor is None or isinstance(stream, ClosedInput) or not waits(descriptor)
    return (Pieces if is_ready else PiecesLater)(stream, outcome, code_of), outcome


@STDOUT.function(_WRITE)
def write_stdout(context: WasiContext, data: StreamReader) -> Outcome:
    """Write all of a stream to standard output."""
    return write_all(context, data, output_of(context.descriptors.get(1)), code_of)


@STDERR.function(_WRITE)
def write_stderr(context: WasiContext, data: StreamReader) -> Outcome:
    """Write all of a stream to standard error."""
    return write_all(context, data, output_of(context.descriptors.get(2)), code_of)


class TerminalInput(p2.TerminalInput):
    """Says that standard input is a terminal."""


class TerminalOutput(p2.TerminalOutput):
    """Says that an output is a terminal."""


p2.define_terminals(interface, TerminalInput, TerminalOutput)
