"""Streams of a program of WASI 0.2 on pipes of the host."""

import os
from collections.abc import Iterator
from contextlib import suppress

import pytest

from fusee.wasi.abi import FILE_RIGHTS, NO_RIGHTS
from fusee.wasi.descriptors import File
from fusee.wasi.p2.pollable import Pollable
from fusee.wasi.p2.streams import DescriptorInput, DescriptorOutput
from fusee.wasi.resources import Resource
from tests.wasi.program import Program

POLLABLE = "[method]pollable."


@pytest.fixture
def program() -> Iterator[Program]:
    """One without anything."""
    made = Program()
    with made.context:
        yield made


class Pipe:
    """A pipe of the host, with streams of a program at both ends."""

    def __init__(self) -> None:
        self.fds = os.pipe()
        ends = [File(fd, FILE_RIGHTS, NO_RIGHTS) for fd in self.fds]
        self.reader, self.writer = DescriptorInput(ends[0]), DescriptorOutput(ends[1])
        self.open: list[Resource] = [self.reader, self.writer]
        for end in ends:
            end.close()  # the streams have them

    def close(self, stream: Resource) -> None:
        """Ends a stream, and with it the pipe's end."""
        self.open.remove(stream)
        stream.close()

    def fill(self) -> int:
        """Until nothing fits in any more: how much it was."""
        os.set_blocking(self.fds[1], False)
        count = 0
        with suppress(BlockingIOError):
            while True:
                count += os.write(self.fds[1], bytes(4096))
        return count


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """A pipe that is closed at the end."""
    made = Pipe()
    yield made
    for stream in list(made.open):
        made.close(stream)


def is_ready(program: Program, stream: DescriptorInput | DescriptorOutput) -> bool:
    """Whether the pollable of a stream is."""
    return bool(program.call("io/poll", POLLABLE + "ready", Pollable(stream.event)))
