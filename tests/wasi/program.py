"""A program of WASI 0.2 without an engine: functions of its interfaces called on Python values."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from fusee.component.types.composite import ResultType
from fusee.component.values import Err, Variant
from fusee.wasi import WasiConfig, WasiContext
from fusee.wasi.p2 import define  # noqa: F401  # fills the table
from fusee.wasi.p2.filesystem.types import OpenFile
from fusee.wasi.p2.http import client  # noqa: F401  # the part of the table that few programs need
from fusee.wasi.p2.interface import INTERFACES, VERSION


class Program:
    """Calls functions by the names that components import them by."""

    def __init__(self, root: Path | None = None, configure: Callable[[WasiConfig], None] = lambda config: None) -> None:
        config = WasiConfig()
        if root is not None:
            config.preopen_dir(str(root), "/")
        configure(config)
        self.context = WasiContext(config)

    def call(self, interface: str, name: str, *arguments: Any) -> Any:
        """What a function gives, with objects for handles; a `Variant` for a result."""
        function = INTERFACES[f"wasi:{interface}@{VERSION}"].functions[name]
        try:
            value = function.call(self.context, *arguments)
        except Err as error:
            return Variant("err", error.payload)
        return Variant("ok", value) if isinstance(function.result, ResultType) else value

    def ok(self, interface: str, name: str, *arguments: Any) -> Any:
        """What a function gives that has to succeed."""
        found = self.call(interface, name, *arguments)
        assert isinstance(found, Variant)
        assert found.tag == "ok", found
        return found.payload

    def error(self, interface: str, name: str, *arguments: Any) -> Any:
        """What a function gives that has to fail."""
        found = self.call(interface, name, *arguments)
        assert isinstance(found, Variant)
        assert found.tag == "err", found
        return found.payload

    def stream(self, name: str, *arguments: Any) -> Any:
        """A method of a stream that has to succeed."""
        kind = "input" if name in ("read", "blocking-read", "skip", "blocking-skip") else "output"
        return self.ok("io/streams", f"[method]{kind}-stream.{name}", *arguments)

    def stream_error(self, name: str, *arguments: Any) -> Any:
        """A method of a stream that has to fail."""
        kind = "input" if name in ("read", "blocking-read", "skip", "blocking-skip") else "output"
        return self.error("io/streams", f"[method]{kind}-stream.{name}", *arguments)

    @cached_property
    def root(self) -> OpenFile:
        """The first preopened directory; it ends with the program."""
        (found, _), *_ = self.call("filesystem/preopens", "get-directories")
        assert isinstance(found, OpenFile)
        self.context.resources.add(found)
        return found

    def file(self, name: str, *arguments: Any) -> Any:
        """A method of a descriptor: what it gives, or the error code, a str in both cases for `readlink-at`."""
        return self.call("filesystem/types", f"[method]descriptor.{name}", *arguments).payload

    def open(
        self,
        path: str,
        *how: str,
        flags: tuple[str, ...] = ("read",),
        root: OpenFile | None = None,
        follow: bool = True,
    ) -> Any:
        """Opens a path: a descriptor, or why not."""
        path_flags = {"symlink-follow"} if follow else set()
        return self.file("open-at", root or self.root, path_flags, path, set(how), set(flags))
