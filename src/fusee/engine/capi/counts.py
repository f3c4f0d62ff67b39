"""What is referred to by count, and ends with its last reference: engines, worlds, binaries, modules.

A finalizer of the embedder's is called last of all, when nothing is left half done: it may call any function.
"""

from typing import Final

from fusee.engine.capi.blocks import delete_block
from fusee.engine.capi.state import EngineObject, HostInfo, ModuleObject, Source, World
from fusee.engine.interpreter import close_module, uninstall_interpreter
from fusee.engine.runtime.store import release_engine
from fusee.kernel.lang import Fn, Order, Ptr, address, atomic_add, cast, is_null, kernel, u8, u32, usize

LESS: Final = 0xFFFF_FFFF  # minus one


@kernel(inline=True)
def count_of(shared: EngineObject) -> Ptr[u32]:
    """The count of an engine, which stands first."""
    return cast(Ptr[u32], shared)


@kernel
def hold_engine(engine: EngineObject) -> None:
    atomic_add(count_of(engine), 1, Order.ACQ_REL)


@kernel
def drop_engine(engine: EngineObject) -> None:
    """One reference to an engine less, from any thread."""
    if atomic_add(count_of(engine), LESS, Order.ACQ_REL) == 1:
        delete_block(cast(Ptr[u8], engine))


@kernel
def drop_world(world: World) -> None:
    """One reference to a world less."""
    world.count -= 1
    if world.count == 0:
        uninstall_interpreter(world.engine)
        release_engine(world.engine)
        delete_block(cast(Ptr[u8], world))


@kernel
def hold_source(source: Source) -> Source:
    """One reference to a binary more; nothing if it is null."""
    if not is_null(source):
        atomic_add(cast(Ptr[u32], source), 1, Order.ACQ_REL)
    return source


@kernel
def drop_source(source: usize) -> None:
    """`wasm_shared_module_delete`: one reference to a binary less, from any thread; nothing if it is null."""
    if source != 0 and atomic_add(cast(Ptr[u32], source), LESS, Order.ACQ_REL) == 1:
        delete_block(cast(Ptr[u8], source))


@kernel
def drop_module(module: ModuleObject) -> None:
    """One reference to a module less."""
    module.count -= 1
    if module.count == 0:
        world = module.world
        unlink(module)
        data = module.info.data
        finalizer = module.info.finalizer
        close_module(module.module)
        drop_source(address(module.source))
        delete_block(cast(Ptr[u8], module))
        drop_world(world)
        finalize(data, finalizer)


@kernel
def link(module: ModuleObject) -> None:
    """Enter a module among its world's."""
    world = module.world
    world.count += 1
    module.older = world.modules
    if module.older != 0:
        cast(ModuleObject, module.older).newer = address(module)
    world.modules = address(module)


@kernel
def unlink(module: ModuleObject) -> None:
    if module.newer == 0:
        module.world.modules = module.older
    else:
        cast(ModuleObject, module.newer).older = module.older
    if module.older != 0:
        cast(ModuleObject, module.older).newer = module.newer


# What embedders attach to objects.


@kernel
def finalize(data: usize, finalizer: usize) -> None:
    """Tell the embedder that an object is gone, if it wants to know."""
    if finalizer != 0:
        cast(Fn[[usize], None], finalizer)(data)


@kernel
def attach(info: HostInfo, data: usize, finalizer: usize) -> None:
    """Replace host info; what was there before is finalized."""
    before = info.data
    before_finalizer = info.finalizer
    info.data = data
    info.finalizer = finalizer
    finalize(before, before_finalizer)
