"""How the host's errors become those of `wasi_snapshot_preview1`.

Both sides use POSIX names, so the translation needs no table of its own.
"""

import errno as host_errno
from functools import cache

from fusee.spec.wasi import Errno as Errno


class WasiError(Exception):
    """Ends a host function with an error code."""

    def __init__(self, errno: Errno) -> None:
        super().__init__(errno.name)
        self.errno = errno


def errno_of(error: OSError) -> Errno:
    """The guest's code for a host's error."""
    return _by_host().get(error.errno or 0, Errno.IO)


@cache
def _by_host() -> dict[int, Errno]:
    names = {code: f"E{code.name}" for code in Errno}
    found = {getattr(host_errno, name): code for code, name in names.items() if hasattr(host_errno, name)}
    return found | {host_errno.E2BIG: Errno.TOOBIG}
