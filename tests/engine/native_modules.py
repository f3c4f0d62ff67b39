"""Decoding and validating in this process: the compiled kernels on memory of the C library's."""

from functools import cache

from fusee.engine.decode.module import decode_module, release_module
from fusee.engine.registry import new_registry, release_registry
from fusee.engine.validate.module import validate_module
from fusee.kernel.build import Library, Program, load

ENTRIES = (new_registry, release_registry, decode_module, validate_module, release_module)


@cache
def library(checked: bool = False) -> Library:
    return load(Program("modules", ENTRIES), checked=checked)
