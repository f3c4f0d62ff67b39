"""Decoding and validating in this process: only those stages, compiled, on the C library's memory."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from fusee.api._native import platform
from fusee.engine.decode.module import decode_module, release_module
from fusee.engine.errors import Invalid, Malformed
from fusee.engine.registry import TypeRegistry, new_registry, release_registry
from fusee.engine.state.module import Module
from fusee.engine.validate.module import validate_module
from fusee.kernel.build import Library, Program, load
from fusee.kernel.memory import view
from fusee.spec.errors import ModuleError
from fusee.spec.features import ALL_FEATURES, Feature

ENTRIES = (new_registry, release_registry, decode_module, validate_module, release_module)


@cache
def library(checked: bool) -> Library:
    return load(Program("modules", ENTRIES), checked=checked)


class Checker:
    """A type registry, and modules checked against it."""

    def __init__(self, checked: bool = False) -> None:
        functions = library(checked)
        self.platform = ctypes.addressof(platform())
        self.decode = functions.function(decode_module)
        self.validate = functions.function(validate_module)
        self.release = functions.function(release_module)
        self.release_registry = functions.function(release_registry)
        self.registry_address: int = functions.function(new_registry)(self.platform)
        self.registry = view(TypeRegistry, self.registry_address)

    def close(self) -> None:
        self.release_registry(self.registry_address)

    @contextmanager
    def module(self, binary: bytes, features: Feature = ALL_FEATURES) -> Iterator[Module]:
        """A module, decoded and validated, until the context ends."""
        source = ctypes.create_string_buffer(binary, len(binary) or 1)
        start = ctypes.addressof(source)
        decoded = self.decode(self.registry_address, self.platform, start, len(binary), int(features))
        try:
            self.validate(decoded)
            yield view(Module, decoded)
        finally:
            self.release(decoded)

    def verdict(self, binary: bytes, features: Feature = ALL_FEATURES) -> tuple[str, str, int]:
        """`valid`, or the kind of error, its message and its offset."""
        try:
            with self.module(binary, features):
                return "valid", "", 0
        except (Malformed, Invalid) as error:
            return type(error).__name__.lower(), ModuleError(error.code).message, error.detail
