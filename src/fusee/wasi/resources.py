"""What a guest of WASI 0.2 has handles to, by the numbers that stand for them."""

import contextlib
from typing import TypeVar

from fusee.api.errors import LimitError
from fusee.wasi.errno import Errno, WasiError

# Far more than a program uses, and little to keep.
MAX_RESOURCES = 1 << 16
# A guest cannot use up the host's descriptors, which this process needs itself.
MAX_FILES = 4096


class Resource:
    """Something that a guest has a handle to."""

    number = 0  # of its type
    files = 0  # how many descriptors of the host it holds

    def close(self) -> None:
        """Ends it, once."""


R = TypeVar("R", bound=Resource)


class ResourceTable:
    """The resources of one program."""

    def __init__(self) -> None:
        self._resources: dict[int, Resource] = {}
        self._free: list[int] = []
        self._files = 0

    def __len__(self) -> int:
        return len(self._resources)

    def add(self, resource: Resource) -> int:
        """Its number; a resource that is not taken is closed.

        Raises `WasiError` (`MFILE`) if the guest has too many files, `LimitError` if it has too many resources at all.
        """
        if len(self._resources) >= MAX_RESOURCES or self._files + resource.files > MAX_FILES:
            is_file = resource.files > 0
            resource.close()
            if is_file:
                raise WasiError(Errno.MFILE)
            raise LimitError(f"the guest has {MAX_RESOURCES} resources of WASI")
        number = self._free.pop() if self._free else len(self._resources)
        self._resources[number] = resource
        self._files += resource.files
        return number

    def get(self, number: int, kind: type[R]) -> R:
        """The resource of a kind with a number. Raises `TypeError` if it is none: whoever links has mixed up types."""
        found = self._resources.get(number)
        if not isinstance(found, kind):
            raise TypeError(f"expected a resource of WASI of the kind {kind.__name__}, not {found!r}")
        return found

    def take(self, number: int, kind: type[R]) -> R:
        """The same, and the table has it no more."""
        found = self.get(number, kind)
        del self._resources[number]
        self._free.append(number)
        self._files -= found.files
        return found

    def drop(self, number: int) -> None:
        """Ends a resource."""
        self.take(number, Resource).close()

    def close(self) -> None:
        """Ends all of them."""
        while self._resources:
            _, resource = self._resources.popitem()
            with contextlib.suppress(OSError):
                resource.close()
        self._free.clear()
        self._files = 0
