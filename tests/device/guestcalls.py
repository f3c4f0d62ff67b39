"""Functions of WASI's as a guest on an emulated device calls them, one by one."""

import struct
from pathlib import Path
from typing import Any, Final

from fusee.component.types.composite import ResultType
from fusee.component.types.valtype import ValType
from fusee.component.values import Variant
from tests.device.commands import Command
from tests.device.relay import name_of, relay

INTERFACES: Final = (
    "io/error", "io/poll", "io/streams", "clocks/wall-clock", "clocks/monotonic-clock", "filesystem/types",
    "filesystem/preopens", "sockets/network", "sockets/instance-network", "cli/stdout",
)  # fmt: skip
WASI: Final = relay(*INTERFACES)
TYPES, PREOPENS = "filesystem/types", "filesystem/preopens"
FOLLOW: Final = {"symlink-follow"}


class Relay(Command):
    """A guest on a watch whose functions of WASI's are called from here, with its own handles."""

    def __init__(self, root: Path | None, *without: str) -> None:
        super().__init__(WASI, ["app"], folders={} if root is None else {"/": root, "/b": root / "a"}, without=without)
        self.instantiate()
        self.roots = [] if root is None else [found for found, _ in self.plain(PREOPENS, "get-directories")]

    def read_result(self, ty: ValType, place: int) -> Any:
        """A `Variant` for every result."""
        if not isinstance(ty, ResultType):
            return super().read_result(ty, place)
        (which,) = struct.unpack("<I", self.device.space.read(place + 4, 4))
        part = ty._err if which else ty._ok
        payload = self.pointer(place + 8 + self.width)
        return Variant("err" if which else "ok", None if part is None else self.read(part, payload))

    def plain(self, interface: str, name: str, *arguments: Any) -> Any:
        """What a function gives that gives no result."""
        return self.func(name_of(interface, name))(*arguments)

    def file(self, name: str, *arguments: Any) -> Any:
        """What a method of a descriptor gives, or its error code."""
        return self.plain(TYPES, f"descriptor.{name}", *arguments).payload

    def open(self, path: str, *how: str, flags: tuple[str, ...] = ("read",), root: int | None = None) -> Any:
        """A descriptor, or why not."""
        return self.file("open-at", root or self.roots[0], FOLLOW, path, set(how), set(flags))

    def stream(self, name: str, *arguments: Any) -> Any:
        """What a method of a stream gives, or its error."""
        return self.plain("io/streams", name, *arguments).payload

    def entries(self, directory: int) -> list[tuple[str, str]]:
        stream, found = self.file("read-directory", directory), []
        while entry := self.plain(TYPES, "directory-entry-stream.read-directory-entry", stream).payload:
            found.append((entry.type, entry.name))
        self.func("end-directory-entry-stream")(stream)
        return found

    def drop(self, handle: int, name: str, interface: str = "") -> None:
        """The guest ends what it has."""
        self.func(f"end-{name}")(handle)
