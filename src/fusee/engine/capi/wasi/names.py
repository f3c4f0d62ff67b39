"""Names in a module's sections, compared with those that WASI has for what it needs."""

from typing import Final

from fusee.engine.capi.wasi.state import Wasi
from fusee.engine.state.module import EXTERN_MEMORY, Module, Span
from fusee.engine.state.runtime import Instance, Memory
from fusee.kernel.lang import Ptr, address, cast, kernel, null, span, table, u8, u32, usize

MEMORY_NAME: Final = b"memory"
MEMORY = table(u8, MEMORY_NAME)
MEMORY_SIZE: Final = u32(len(MEMORY_NAME))


@kernel
def is_named(m: Module, name: Span, text: Ptr[u8], size: u32) -> bool:
    if name.end - name.start != size:
        return False
    for i in span(size):
        if m.source[name.start + i] != text[i]:
            return False
    return True


@kernel
def exported_memory(wasi: Wasi, caller: usize) -> Memory:
    """The memory that the calling instance exports as "memory"; null if there is none.

    It is looked for once in a row of calls by one instance. An instance lives as long as its store, which owns `wasi`.
    """
    if caller == 0:
        return null(Memory)
    if wasi.caller != caller:
        wasi.caller = caller
        wasi.memory = address(find_memory(cast(Instance, caller)))
    return cast(Memory, wasi.memory)


@kernel
def find_memory(instance: Instance) -> Memory:
    m = instance.module
    for i in span(m.export_count):
        item = m.exports[i]
        if item.kind == EXTERN_MEMORY and is_named(m, item.name, cast(Ptr[u8], MEMORY), MEMORY_SIZE):
            return cast(Memory, instance.memories[item.index])
    return null(Memory)
