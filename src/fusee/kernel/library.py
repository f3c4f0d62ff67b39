"""Compiled programs in this process. Nothing here needs the compiler: a program in the cache starts without it."""

from __future__ import annotations

import marshal
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from fusee.kernel.cache import Cache, expected, fingerprint
from fusee.kernel.calling import FAILED, Entry, check_fields, make_callable, make_status_function
from fusee.kernel.host import processor
from fusee.kernel.image import Image, MappedImage
from fusee.kernel.sources import are_stamped, checked_notes, refresh, unchanged
from fusee.kernel.target import Target

if TYPE_CHECKING:
    from fusee.kernel.declare import Kernel
    from fusee.kernel.program import Program, Progress

_FORMAT = "6"  # of what the cache holds
CHECK_STATE = "check.state"  # of `lower.checked`


class Built:
    """The outcome of a build for this process: one image, or object files where images are not supported."""

    __slots__ = ("checked", "entries", "image", "objects")

    def __init__(
        self, image: Image | None, objects: Sequence[bytes], entries: dict[str, Entry], checked: bool = False
    ) -> None:
        self.image = image
        self.objects = objects
        self.entries = entries  # by the kernel's own symbol
        self.checked = checked


class Library:
    """A program in this process. Keep it as long as its code may run."""

    def __init__(self, built: Built) -> None:
        self._code: Any
        if built.image is not None:
            self._code = MappedImage(built.image)
        else:
            from fusee.kernel.machine import Loaded

            self._code = Loaded(built.objects)
        self._entries = built.entries
        self._functions: dict[str, Callable[..., Any]] = {}
        self._checked = built.checked
        if built.checked:
            from fusee.kernel.checking import checked_heap

            checked_heap().connect(self._code.address(CHECK_STATE))

    @property
    def symbols(self) -> list[str]:
        """The linker's names of the entries."""
        return list(self._entries)

    def function(self, kernel: Kernel[..., Any]) -> Callable[..., Any]:
        """The compiled form of an entry. It takes numbers, addresses and views; it raises what the kernel raises."""
        from fusee.kernel.build import symbol_of

        symbol = symbol_of(kernel)
        if symbol not in self._entries:
            raise KeyError(f"{kernel!r} is not an entry of this program")
        return self.entry(symbol)

    def entry(self, symbol: str) -> Callable[..., Any]:
        """The compiled form of the entry with that linker's name."""
        known = self._functions.get(symbol)
        if known is None:
            known = self._functions[symbol] = self._callable(symbol, keeps_lock=False)
        return known

    def locked_entry(self, symbol: str) -> Callable[..., Any]:
        """The same, called with the interpreter lock."""
        return self._callable(symbol, keeps_lock=True)

    def _callable(self, symbol: str, keeps_lock: bool) -> Callable[..., Any]:
        entry = self._entries[symbol]
        return make_callable(entry, self._code.address(entry.symbol), self._raise_check_failure, keeps_lock)

    def entry_address(self, symbol: str) -> int:
        """Where the C function is for the entry with that linker's name."""
        address: int = self._code.address(self._entries[symbol].symbol)
        return address

    def status_entry(self, symbol: str, keeps_lock: bool = False) -> Callable[..., int]:
        """An entry without results, as a function of numbers that gives a status instead of raising."""
        entry = self._entries[symbol]
        function = make_status_function(entry, self._code.address(entry.symbol), keeps_lock)
        if not self._checked:
            return function

        def call(*arguments: Any) -> int:
            status = function(*arguments)
            if status == FAILED:
                self._raise_check_failure()
            return status

        return call

    def address(self, kernel: Kernel[..., Any]) -> int:
        """The address of an entry's own code, as `Fn` pointers hold it."""
        from fusee.kernel.build import symbol_of

        found: int = self._code.address(symbol_of(kernel))
        if not found:
            raise KeyError(f"{kernel!r} is not an entry of this program")
        return found

    def _raise_check_failure(self) -> None:
        from fusee.kernel.checking import checked_heap

        raise checked_heap().failure()


def load_defined(
    name: str,
    define: Callable[[], Program],
    checked: bool = False,
    progress: Progress | None = None,
    taken_over: Callable[[], None] | None = None,
) -> Library:
    """Like `build.load`, but the program is defined only if it is not in the cache; `taken_over` as for `build.build`.

    `name` must say which program of this installation it is.
    """
    found = find_defined(name, checked)
    if found is not None:
        return found
    from fusee.kernel.build import build

    key = defined_key(name, checked)
    return Library(build(define(), Target.host(), checked, Cache(), key, progress, taken_over))


def find_defined(name: str, checked: bool = False) -> Library | None:
    """The program of that name, if it is in the cache."""
    built = read_built(Cache(), defined_key(name, checked))
    return None if built is None else Library(built)


def defined_key(name: str, checked: bool = False) -> str:
    """The key of a program that is known by a name."""
    return built_key(Target.host(), checked, name, os.path.dirname(os.path.abspath(__file__)))


def built_key(target: Target, checked: bool, *which: str) -> str:
    """What tells builds apart without looking into them; their sources are compared afterwards."""
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    return fingerprint(_FORMAT, *which, target.triple, processor(), python, "checked" if checked else "")


def read_built(cache: Cache, key: str) -> Built | None:
    """What the cache holds under a key, if its sources are as they were."""
    record = cache.decoded("programs", key, _record)
    if record is None:
        return None
    sources = record["sources"]
    if not are_stamped(sources):
        if not unchanged(sources):
            return None
        if refresh(sources):
            cache.write("programs", key, marshal.dumps(record))
    entries = {symbol: Entry(*fields) for symbol, fields in record["entries"].items()}
    cache.mark_used("programs", key)
    if record["image"]:
        image = cache.decoded("images", record["image"], partial(_image, entries))
        cache.mark_used("images", record["image"])
        return None if image is None else Built(image, [], entries, record["checked"])
    from fusee.kernel.objects import checked_object  # which programs that are mapped do without

    checked = partial(checked_object, Target.host().object_format)
    objects = [cache.decoded("objects", part, checked) for part in record["objects"]]
    for part in record["objects"]:
        cache.mark_used("objects", part)
    found = [contents for contents in objects if contents is not None]
    return None if len(found) < len(objects) else Built(None, found, entries, record["checked"])


def _record(contents: memoryview) -> dict[str, Any]:
    """What is known of a program; raises for what is nothing of the kind."""
    record: dict[str, Any] = marshal.loads(contents)
    checked_notes(record["sources"])
    for symbol, fields in record["entries"].items():
        expected(symbol, str)
        check_fields(fields)
    for part in (record["image"], *record["objects"]):
        expected(part, str)
    expected(record["checked"], bool)
    return record


def _image(entries: dict[str, Entry], contents: memoryview) -> Image:
    """A program's image; raises unless all its entries are there."""
    image = Image.from_bytes(contents)
    for entry in entries.values():
        image.symbols[entry.symbol]
    return image
