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
from enum import Enum, auto
from typing import NamedTuple

from fusee.wasi.errno import Errno, WasiError

MAX_LINKS = 40
MAX_DEPTH = 256

_STEP = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Place(NamedTuple):
    """A name in a directory that is known to be inside; the name may be `.` but nothing else special."""

    directory: int  # the host's descriptor
    name: str
    has_slash: bool  # the path ended in a slash: it can only mean a directory
    dots: str = ""  # what the path ended in, if that was `.` or `..`

    def status(self) -> os.stat_result:
        """The status of what is there; a symbolic link is itself."""
        status = os.stat(self.name, dir_fd=self.directory, follow_symlinks=False)
        if self.has_slash and not stat.S_ISDIR(status.st_mode):
            raise WasiError(Errno.NOTDIR)
        return status

    def exists(self) -> bool:
        """Whether there is anything, be it a symbolic link to nothing."""
        try:
            os.stat(self.name, dir_fd=self.directory, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def refuse_dots(self, dot: Errno, two: Errno | None = None) -> None:
        """For operations on an entry of a directory, which `.` and `..` are not."""
        if self.dots:
            raise WasiError(two if two is not None and self.dots == ".." else dot)

    def refuse_slash(self) -> None:
        """For making what is not a directory. What is there already, is said first (POSIX, 4.13)."""
        self.refuse_dots(Errno.EXIST)
        if self.has_slash:
            raise WasiError(Errno.EXIST if self.exists() else Errno.NOENT)


class Follow(Enum):
    """When a symbolic link at a path's end is expanded (POSIX, 4.13)."""

    NEVER = auto()  # to make, move or remove an entry: a slash behind a link makes no difference
    UNLESS_SLASH = auto()  # to create a file, which no path that ends in a slash names
    WITH_SLASH = auto()  # to look at a link, but a slash behind it means the directory that it leads to
    ALWAYS = auto()

    def expands(self, has_slash: bool) -> bool:
        """Whether a link is expanded."""
        return self is Follow.ALWAYS or self is (Follow.WITH_SLASH if has_slash else Follow.UNLESS_SLASH)


@contextlib.contextmanager
def resolve(root: int, path: str, follow: Follow) -> Iterator[Place]:
    """Resolves a path below an open directory."""
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

    def run(self, path: str, follow: Follow) -> Place:
        if not path:
            raise WasiError(Errno.NOENT)
        has_slash = self.push(path)
        dots = self.pending[-1] if self.pending[-1] in (".", "..") else ""
        while self.pending:
            name = self.pending.popleft()
            if name == ".":
                continue
            if name == "..":
                self.leave()
            elif self.pending:
                self.enter(name)
            elif follow.expands(has_slash) and (target := self.read_link(name)) is not None:
                has_slash |= self.push(target)
            else:
                return Place(self.here, name, has_slash)
        return Place(self.here, ".", has_slash, dots)

    def push(self, path: str) -> bool:
        """Puts a path's components before those that are left; whether it ends in a slash."""
        if path.startswith("/"):
            raise WasiError(Errno.NOTCAPABLE)
        components = [name for name in path.split("/") if name]
        self.pending.extendleft(reversed(components))
        return path.endswith("/")

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
