"""Giving a module the native code of its functions."""

from fusee.engine.arena import Arena, allocate, new_memory
from fusee.engine.runtime.codes import add_code, notes_bytes
from fusee.engine.state.code import CODE_START, NO_POSITIONS, Code
from fusee.engine.state.module import Module
from fusee.engine.state.native import NativeCell
from fusee.engine.state.runtime import Engine
from fusee.kernel.lang import Ptr, cast, is_null, kernel, maximum, size_of, u32, u64, usize


@kernel
def install_native(engine: Engine, m: Module, index: u32, entry: usize, code: usize) -> None:
    """Have a function that is defined in `m`, and has not been called yet, run native code.

    `entry` calls code of the function's type (`handlers.native.Entry`); both must outlive the module. Raises
    `Exhausted`.
    """
    arena = cast(Arena, m.arena)
    if is_null(m.natives):
        m.natives = cast(Ptr[usize], allocate(arena, m.func_count, u32(size_of(usize))))
    size = u32(CODE_START + size_of(NativeCell))
    home = new_memory(arena.platform, u64(size + notes_bytes(u32(0))))
    cell = cast(NativeCell, home + CODE_START)
    cell.handler = engine.cells.native
    cell.entry = entry
    cell.code = code
    definition = m.types[m.func_types[index]]
    cast(Code, home).positions = NO_POSITIONS
    note = cast(Ptr[u32], home + size)
    note[0] = maximum(definition.param_slots, definition.result_slots)
    note[1] = u32(0)
    add_code(m, home, size, index, u64(0), m.code_bytes)
    m.natives[index] = code
