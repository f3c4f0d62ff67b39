"""Decoding and validating in this process: only those stages, compiled.

The checked build works on the checked heap, the binaries included: a read one byte behind a module is found.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest

from fusee.engine.decode.module import decode_module, release_module
from fusee.engine.errors import Invalid, Malformed
from fusee.engine.registry import TypeRegistry, new_registry, release_registry
from fusee.engine.state.module import Module
from fusee.engine.state.platform import Platform
from fusee.engine.validate.module import validate_module
from fusee.engine.validate.shared import help_to_validate, validate_shared
from fusee.kernel.build import Library, Program, load
from fusee.kernel.checking import checked_heap
from fusee.kernel.layout import layout
from fusee.kernel.memory import view
from fusee.kernel.process import address_of
from fusee.kernel.target import Target
from fusee.spec.errors import ModuleError
from fusee.spec.features import ALL_FEATURES, Feature

ENTRIES = (
    new_registry, release_registry, decode_module, validate_module, validate_shared, help_to_validate, release_module
)  # fmt: skip


libc = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)
libc.calloc.restype = ctypes.c_size_t
libc.calloc.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_size_t]


@cache
def library(checked: bool) -> Library:
    return load(Program("modules", ENTRIES), checked=checked)


def allocate_checked(count: int, size: int) -> int:
    return checked_heap().allocate(count * size)


def release_checked(address: int) -> None:
    checked_heap().release(address)


@cache
def platform(checked: bool) -> int:
    """The address of a `Platform` that has memory and nothing else."""
    places = layout(Platform, Target.host())
    made = ctypes.create_string_buffer(places.extent.size)
    if checked:
        functions = checked_heap().allocate_address, checked_heap().release_address
    else:
        functions = address_of(libc.calloc), address_of(libc.free)
    for name, address in zip(("allocate", "release"), functions, strict=True):
        ctypes.c_size_t.from_buffer(made, places.fields[name].offset).value = address
    _platforms.append(made)
    return ctypes.addressof(made)


_platforms: list[ctypes.Array[ctypes.c_char]] = []  # for the life of the process


class Checker:
    """A type registry, and modules checked against it."""

    def __init__(self, checked: bool = False) -> None:
        functions = library(checked)
        self.allocate = allocate_checked if checked else libc.calloc
        self.free = release_checked if checked else libc.free
        self.platform = platform(checked)
        self.decode = functions.function(decode_module)
        self.validate = functions.function(validate_module)
        self.help = functions.function(help_to_validate)
        self.validate_shared = functions.function(validate_shared)
        self.release = functions.function(release_module)
        self.release_registry = functions.function(release_registry)
        self.registry_address: int = functions.function(new_registry)(self.platform)
        self.registry = view(TypeRegistry, self.registry_address)

    def close(self) -> None:
        self.release_registry(self.registry_address)

    @contextmanager
    def module(self, binary: bytes, features: Feature = ALL_FEATURES) -> Iterator[Module]:
        """A module, decoded and validated, until the context ends."""
        source: int = self.allocate(1, len(binary))
        ctypes.memmove(source, binary, len(binary))
        try:
            decoded = self.decode(self.registry_address, self.platform, source, len(binary), int(features))
            try:
                self.validate(decoded)
                yield view(Module, decoded)
            finally:
                self.release(decoded)
        finally:
            self.free(source)

    def verdict(self, binary: bytes, features: Feature = ALL_FEATURES) -> tuple[str, str, int]:
        """`valid`, or the kind of error, its message and its offset."""
        try:
            with self.module(binary, features):
                return "valid", "", 0
        except (Malformed, Invalid) as error:
            return type(error).__name__.lower(), ModuleError(error.code).message, error.detail


@pytest.fixture(scope="module", params=[False, True], ids=["ordinary", "checked"])
def checker(request: pytest.FixtureRequest) -> Iterator[Checker]:
    made = Checker(checked=request.param)
    yield made
    made.close()
