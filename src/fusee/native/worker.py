"""A process that compiles: LLVM is bounded in time and memory, and if it dies nothing else does."""

import contextlib
import json
import os
import struct
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

from fusee.kernel import another
from fusee.kernel.target import Target
from fusee.native.pipes import is_readable
from fusee.native.unit import Options

_PROGRAM: Final = "from fusee.native.worker import main; main()"
_HEAD: Final = struct.Struct("<II")  # of an answer: the unit's number, the object file's size
MEMORY_BYTES: Final = 3 << 30  # that a process may address
SECONDS: Final = 60.0  # that a unit may take


class Job(NamedTuple):
    """What all processes of a compilation are told."""

    binary: bytes
    wanted: Collection[int] | None
    options: Options

    def head(self, units: Sequence[int]) -> bytes:
        """What precedes the module."""
        options = vars(self.options) | {"target": self.options.target.triple}
        wanted = None if self.wanted is None else sorted(self.wanted)
        return json.dumps({"wanted": wanted, "units": list(units), "options": options}).encode()



def compiled(job: Job, units: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """Object files of units by their number, in other processes one after the other. A unit that fails is missing."""
    waiting = list(units)
    while waiting:
        for number, contents in _one_process(job, waiting):
            waiting.remove(number)
            yield number, contents
        if waiting:
            del waiting[0]  # it was too much for that process


def _one_process(job: Job, units: list[int]) -> Iterator[tuple[int, bytes]]:
    try:
        process = subprocess.Popen(
            another.command(_PROGRAM), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=another.environment(),
        )  # fmt: skip
    except OSError:
        return
    assert process.stdin is not None and process.stdout is not None
    try:
        head = job.head(units)
        with contextlib.suppress(OSError), process.stdin:
            process.stdin.write(_HEAD.pack(len(head), len(job.binary)) + head + job.binary)
        while (answer := _read(process.stdout.fileno(), _HEAD.size)) is not None:
            number, size = _HEAD.unpack(answer)
            contents = _read(process.stdout.fileno(), size)
            if contents is None:
                return
            yield number, contents
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _read(file: int, size: int) -> bytes | None:
    """So many bytes, or None if they do not come in time."""
    parts = bytearray()
    while len(parts) < size:
        part = b""
        with contextlib.suppress(OSError):  # where pipes cannot be waited for, nothing is compiled
            if is_readable(file, SECONDS):
                part = os.read(file, min(size - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return bytes(parts)


def limit_memory() -> None:
    """Let this process address so much, or less if it may only have less anyway. Not every system can do that."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = MEMORY_BYTES if most == resource.RLIM_INFINITY else min(MEMORY_BYTES, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def main() -> None:
    """What such a process does."""
    limit_memory()
    from fusee.native.compile import Compiler, plan

    given = sys.stdin.buffer
    head_size, size = _HEAD.unpack(given.read(_HEAD.size))
    head = json.loads(given.read(head_size))
    the_plan = plan(given.read(size), head["wanted"])
    options = head["options"]
    target = Target.host() if options["for_this_process"] else Target.parse(options["target"])
    compiler = Compiler(the_plan, Options(**options | {"target": target}))
    for number in head["units"]:
        contents = compiler.object(number)
        sys.stdout.buffer.write(_HEAD.pack(number, len(contents)) + contents)
        sys.stdout.buffer.flush()
