"""Native code that is linked to the library, and the modules that it belongs to.

`fusee build --native` adds both (`native/table.py`); a library without has nothing of either.
"""

from hashlib import sha256 as hash_of
from typing import Final

from fusee.engine.natives.install import install_native
from fusee.engine.natives.numbers import NAMES
from fusee.engine.sha256 import HASH_WORDS, sha256
from fusee.engine.state import module, runtime
from fusee.engine.state.module import Module
from fusee.engine.state.runtime import Engine
from fusee.kernel.lang import Ptr, is_null, kernel, null, span, stack_array, struct, u32, u64, usize
from fusee.kernel.structs import is_struct, struct_info

PLAIN: Final = u32(0)  # the code goes on whoever wants it to stop
METERED: Final = u32(1)  # it pays with fuel, and is for engines that are metered; all else is for others
INTERRUPTIBLE: Final = 2  # it looks whether it shall stop


@struct
class LinkedFunction:
    index: u32
    entry: usize  # what calls code of its type
    code: usize


@struct
class LinkedModule:
    layouts: u64  # `LAYOUTS` of the engine that the code is for
    size: u32  # of the binary; 0 ends the list
    count: u32
    kind: u32
    hash: Ptr[u32]
    functions: Ptr[LinkedFunction]


def _layouts() -> int:
    """What native code knows of the engine: structures and the numbers of helpers, as one number."""
    known = hash_of("\n".join(NAMES).encode())
    for place in (module, runtime):
        for name, item in sorted(vars(place).items()):
            if is_struct(item) and item.__module__ == place.__name__:
                known.update(f"{name}: {[field.name for field in struct_info(item).fields]}\n".encode())
    return int.from_bytes(known.digest()[:8], "little")


LAYOUTS: Final = u64(_layouts())


@kernel(external="fusee_native_modules")
def linked_modules() -> Ptr[LinkedModule]:
    return null(Ptr[LinkedModule])


@kernel
def use_linked(engine: Engine, m: Module) -> None:
    """Give a module that nothing has been called of the native code that is linked for these very bytes, if any is.

    An engine that is metered uses code that pays with fuel only, others only what does not. Raises `Exhausted`.
    """
    modules = linked_modules()
    if is_null(modules):
        return
    hashed = False
    found = stack_array(u32, HASH_WORDS)
    number = u32(0)
    while modules[number].size != 0:
        is_for_engine = (modules[number].kind == METERED) == engine.is_metered
        if modules[number].size == m.source_size and modules[number].layouts == LAYOUTS and is_for_engine:
            if not hashed:
                sha256(m.source, m.source_size, found)
                hashed = True
            if is_same(found, modules[number].hash):
                engine.is_deaf = engine.is_deaf or modules[number].kind == PLAIN
                install_all(engine, m, modules[number].functions, modules[number].count)
                return
        number += 1


@kernel
def is_same(hash: Ptr[u32], other: Ptr[u32]) -> bool:  # noqa: A002
    for i in span(HASH_WORDS):
        if hash[i] != other[i]:
            return False
    return True


@kernel
def install_all(engine: Engine, m: Module, functions: Ptr[LinkedFunction], count: u32) -> None:
    for i in span(count):
        install_native(engine, m, functions[i].index, functions[i].entry, functions[i].code)
