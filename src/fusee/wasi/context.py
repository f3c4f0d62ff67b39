"""The state of one WASI program: its arguments, environment and descriptors."""

import contextlib
import os
import sys
from _thread import RLock
from collections.abc import Callable, Iterator
from types import TracebackType

from fusee.wasi.abi import FILE_RIGHTS, NO_RIGHTS, Rights
from fusee.wasi.config import StreamSource, WasiConfig
from fusee.wasi.descriptors import Descriptor, Directory, EmptyInput, File, Inherited, Output, open_host_file
from fusee.wasi.errno import Errno, WasiError
from fusee.wasi.resources import MAX_FILES, ResourceTable


class WasiContext:
    """Made from a `WasiConfig` when a program starts. Raises `OSError` if a file cannot be opened."""

    def __init__(self, config: WasiConfig) -> None:
        self.descriptors: dict[int, Descriptor] = {}
        self.resources = ResourceTable()  # of version 0.2
        self.has_deadlines = False
        self.lock = RLock()  # of the table of descriptors
        self.is_shared = False  # by several threads
        self._working = 0  # calls that threads are in
        self._ended: list[Descriptor] = []  # they may be using these
        self.is_interrupted = False  # by a deadline: nothing waits any more
        self._waker: tuple[int, int] | None = None
        self.closed: set[int] = set()  # streams that there never were: their numbers stay free
        self.arguments = [_encode(argument) for argument in config._argv]
        self.network = config._network
        self.seed: tuple[int, int] | None = None  # of hash functions
        self.http_check: Callable[[str, str], bool] | None = None  # of method and URL; None: no requests
        self.environment = [_encode(f"{name}={value}") for name, value in config._env]
        try:
            for fd, source in enumerate(config._streams):
                if source.is_closed or (source.is_inherited and not _is_open(fd)):
                    self.closed.add(fd)
                else:
                    self.add(_open_output(source, fd) if fd else _open_input(source))
            for preopen in config._preopens:
                self.add(Directory.open_preopen(preopen.host_path, preopen.guest_path, preopen.is_mutable))
        except BaseException:
            self.close()
            raise

    def descriptor(self, fd: int, rights: int = NO_RIGHTS) -> Descriptor:
        """An open descriptor that has these rights."""
        found = self.descriptors.get(fd)
        if found is None:
            raise WasiError(Errno.BADF)
        if rights & ~found.rights:
            raise WasiError(Errno.NOTCAPABLE)
        return found

    def directory(self, fd: int, rights: int = NO_RIGHTS) -> Directory:
        """An open directory that has these rights."""
        found = self.descriptor(fd)
        if not isinstance(found, Directory):
            raise WasiError(Errno.NOTDIR)
        found.require(rights)
        return found

    def add(self, descriptor: Descriptor) -> int:
        """Gives a descriptor the lowest free number."""
        with self.lock:
            fd = 0
            while fd in self.descriptors or fd in self.closed:
                fd += 1
            if fd + len(self._ended) < MAX_FILES:
                self.descriptors[fd] = descriptor
                return fd
        descriptor.close()
        raise WasiError(Errno.MFILE)

    def end(self, descriptor: Descriptor) -> None:
        """Closes what is in the table no more, once no other thread is in a call that may use it: the host gives the
        numbers of files anew."""
        with self.lock:
            if self._working > 1:
                self._ended.append(descriptor)
                return
        descriptor.close()

    @contextlib.contextmanager
    def call(self) -> Iterator[None]:
        """Around a call of a program with threads."""
        with self.lock:
            self._working += 1
        try:
            yield
        finally:
            ended: list[Descriptor] = []
            with self.lock:
                self._working -= 1
                if self._working == 0:
                    ended, self._ended = self._ended, ended
            for descriptor in ended:
                descriptor.close()

    def interrupt(self, is_interrupted: bool) -> None:
        """Ends whatever waits, and lets nothing wait, or takes that back. May be called from any thread."""
        self.is_interrupted = is_interrupted
        if self._waker is not None:
            with contextlib.suppress(OSError):
                if is_interrupted:
                    os.write(self._waker[1], b"\0")
                else:
                    os.read(self._waker[0], 1 << 16)

    def waker(self) -> int:
        """A file of this process that can be read from once `interrupt` has been called."""
        if self._waker is None:
            files = os.pipe()
            for file in files:
                os.set_blocking(file, False)
            self._waker = files
        return self._waker[0]

    def close(self) -> None:
        """Closes everything that is still open."""
        waker, self._waker = self._waker, None
        for file in waker or ():
            os.close(file)
        self.resources.close()
        for descriptor in (*self.descriptors.values(), *self._ended):
            with contextlib.suppress(OSError):
                descriptor.close()
        self.descriptors.clear()
        self._ended.clear()

    def __del__(self) -> None:
        self.close()

    def __enter__(self) -> "WasiContext":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _encode(text: str) -> bytes:
    """A string as the guest gets it, without the zero bytes that would end it early."""
    raw = text.encode("utf-8", "surrogateescape")
    if 0 in raw:
        raise ValueError("arguments and environment cannot contain zero bytes")
    return raw


def _is_open(fd: int) -> bool:
    """Whether this process has a descriptor of that number."""
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def _open_input(source: StreamSource) -> Descriptor:
    if source.is_inherited:
        return Inherited(0, Rights.FD_READ)
    if source.path is not None:
        return File(open_host_file(source.path, os.O_RDONLY), FILE_RIGHTS & ~Rights.FD_WRITE, NO_RIGHTS)
    return EmptyInput()


def _open_output(source: StreamSource, fd: int) -> Descriptor:
    if source.is_inherited:
        stream = sys.stdout if fd == 1 else sys.stderr
        if stream is not None:
            stream.flush()  # what Python has buffered comes before what the guest writes
        return Inherited(fd, Rights.FD_WRITE)
    if source.path is not None:
        opened = open_host_file(source.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        return File(opened, FILE_RIGHTS & ~Rights.FD_READ, NO_RIGHTS)
    return Output(source.callback)
