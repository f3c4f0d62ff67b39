"""Finds what a guest's path means without ever leaving the directory that the path is relative to.

The host's kernel is never given a path of more than one component: each component is opened
relative to the directory before it, never through a symbolic link, and links are expanded here.
`..` goes back to a directory that was passed on the way, so a directory that is moved meanwhile
does not lead outside.
"""

import contextlib
import errno
import os
import stat
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from fusee.wasi.errno import Errno, WasiError

MAX_LINKS = 40
MAX_DEPTH = 256

_STEP = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Place(NamedTuple):
    """A name in a directory that is known to be inside; the name may be `.` but nothing else special."""

    directory: int  # the host's descriptor
    name: str
    must_be_directory: bool  # the path ended in a slash

    def status(self) -> os.stat_result:
        """The status of what is there; a symbolic link is itself."""
        status = os.stat(self.name, dir_fd=self.directory, follow_symlinks=False)
        if self.must_be_directory and not stat.S_ISDIR(status.st_mode):
            raise WasiError(Errno.NOTDIR)
        return status

    def refuse_slash(self) -> None:
        """For operations on what is not a directory."""
        if self.must_be_directory:
            self.status()
            raise WasiError(Errno.ISDIR)

    def refuse_dot(self, errno: Errno) -> None:
        """For operations on an entry of a directory, which `.` is not."""
        if self.name == ".":
            raise WasiError(errno)


@contextlib.contextmanager
def resolve(root: int, path: str, follow: bool) -> Iterator[Place]:
    """Resolves a path below an open directory; `follow` expands a symbolic link at its end too."""
    walk = _Walk(root)
    try:
        yield walk.run(path, follow)
    finally:
        walk.close()


class _Walk:
    """The directories from the root to where the walk is."""

    def __init__(self, root: int) -> None:
        self.root = root
        self.opened: list[int] = []
        self.links = 0
        self.pending: deque[str] = deque()

    @property
    def here(self) -> int:
        return self.opened[-1] if self.opened else self.root

    def close(self) -> None:
        while self.opened:
            os.close(self.opened.pop())

    def run(self, path: str, follow: bool) -> Place:
        if not path:
            raise WasiError(Errno.NOENT)
        must_be_directory = self.push(path)
        while self.pending:
            name = self.pending.popleft()
            if name == "..":
                self.leave()
            elif self.pending:
                self.enter(name)
            elif (follow or must_be_directory) and (target := self.read_link(name)) is not None:
                must_be_directory |= self.push(target)
            else:
                return Place(self.here, name, must_be_directory)
        return Place(self.here, ".", must_be_directory)

    def push(self, path: str) -> bool:
        """Puts a path's components before those that are left; whether it can only mean a directory."""
        if path.startswith("/"):
            raise WasiError(Errno.NOTCAPABLE)
        components = path.split("/")
        self.pending.extendleft(reversed([name for name in components if name not in ("", ".")]))
        return components[-1] in ("", ".", "..")

    def leave(self) -> None:
        if not self.opened:
            raise WasiError(Errno.NOTCAPABLE)
        os.close(self.opened.pop())

    def enter(self, name: str) -> None:
        """Goes one directory down, or expands a symbolic link."""
        if len(self.opened) >= MAX_DEPTH:
            raise WasiError(Errno.NAMETOOLONG)
        try:
            self.opened.append(os.open(name, _STEP, dir_fd=self.here))
        except OSError as error:
            # Which of the two a symbolic link gives depends on the host.
            if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise
            target = self.read_link(name)
            if target is None:
                raise WasiError(Errno.NOTDIR) from None
            self.push(target)

    def read_link(self, name: str) -> str | None:
        """The target of a symbolic link; None for anything else, or nothing."""
        try:
            target = os.readlink(name, dir_fd=self.here)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT):
                return None
            raise
        self.links += 1
        if self.links > MAX_LINKS:
            raise WasiError(Errno.LOOP)
        return target
