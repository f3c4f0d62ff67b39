"""A process that compiles: LLVM is bounded in time and memory, and if it dies nothing else does."""

from __future__ import annotations

import contextlib
import json
import os
import struct
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fusee.kernel import another
from fusee.kernel.another import is_readable
from fusee.kernel.target import Target
from fusee.native.limits import allow_seconds, limit_memory
from fusee.native.unit import Options

if TYPE_CHECKING:
    from fusee.native.compile import Compiler, Plan

_PROGRAM: Final = "from fusee.native.worker import main; main()"
_HEAD: Final = struct.Struct("<II")  # of an answer: the unit's number, the object file's size
_MOST_SECONDS: Final = 600.0  # that it may take by the clock: where there is much to do, it waits for a processor


class Job(NamedTuple):
    """What all processes of a compilation are told."""

    plan: Plan
    options: Options

    def head(self, numbers: Sequence[int], hasty: Collection[int] = ()) -> bytes:
        """What precedes the module: the units that a process compiles, which of them in haste, and what it takes long
        to find in a module."""
        callees = {index: sorted(found) for index, found in self.plan.tail_callees.items()}
        options = self.options._asdict() | {"target": self.options.target.triple}
        told = {"numbers": numbers, "hasty": sorted(hasty), "units": self.plan.units, "tail_callees": callees}
        return json.dumps(told | {"options": options}).encode()


def compiled(job: Job, numbers: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """Object files of units by their number, in other processes one after the other.

    One that is too much is tried again in haste, for which LLVM may take a tenth of the time. If that fails, it is
    missing.
    """
    waiting, hasty = list(numbers), set[int]()
    while waiting:
        for number, contents in _one_process(job, waiting, hasty):
            waiting.remove(number)
            yield number, contents
        if waiting and waiting[0] in hasty:
            del waiting[0]
        elif waiting:
            hasty.add(waiting[0])


def _one_process(job: Job, numbers: list[int], hasty: Collection[int]) -> Iterator[tuple[int, bytes]]:
    try:
        process = subprocess.Popen(
            another.command(_PROGRAM), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=another.environment(), start_new_session=True,  # Ctrl-C lets it end what it does
        )  # fmt: skip
    except OSError:
        return
    assert process.stdin is not None and process.stdout is not None
    try:
        head, binary = job.head(numbers, hasty), job.plan.module.binary
        with contextlib.suppress(OSError), process.stdin:
            process.stdin.write(_HEAD.pack(len(head), len(binary)) + head + binary)
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
            if is_readable(file, _MOST_SECONDS):
                part = os.read(file, min(size - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return bytes(parts)


def main() -> None:
    """What such a process does."""
    limit_memory()
    given = sys.stdin.buffer
    head_size, size = _HEAD.unpack(given.read(_HEAD.size))
    head = json.loads(given.read(head_size))
    compiler = _compiler(given.read(size), head)
    for number in head["numbers"]:
        allow_seconds()
        contents = compiler.object(number, is_quick=number in head["hasty"])
        sys.stdout.buffer.write(_HEAD.pack(number, len(contents)) + contents)
        sys.stdout.buffer.flush()


def _compiler(binary: bytes, head: dict[str, Any]) -> Compiler:
    from fusee.native.compile import Compiler, Plan
    from fusee.native.sections import read_module

    options = head["options"]
    target = Target.host() if options["for_this_process"] else Target.parse(options["target"])
    callees = {int(index): frozenset(found) for index, found in head["tail_callees"].items()}
    the_plan = Plan(read_module(binary), head["units"], {}, callees)
    return Compiler(the_plan, Options(**options | {"target": target}))
