"""Configurations, engines and stores."""

from typing import Final

from fusee.engine.capi.blocks import delete_block, new_block, set_system, system
from fusee.engine.capi.counts import drop_engine, drop_world, hold_engine
from fusee.engine.capi.host import CALL_HOST
from fusee.engine.capi.interrupt import PAUSE
from fusee.engine.capi.messages import write_message
from fusee.engine.capi.refs import drop_store
from fusee.engine.capi.state import Config, EngineObject, StoreObject, System, Vector, World
from fusee.engine.capi.waiting import can_wait
from fusee.engine.interpreter import install_interpreter
from fusee.engine.runtime.store import new_store, open_engine
from fusee.engine.state.platform import Platform
from fusee.engine.state.runtime import NO_LIMIT
from fusee.kernel.lang import (
    Fn,
    Ptr,
    address,
    cast,
    caught,
    copy_bytes,
    fill_bytes,
    is_null,
    kernel,
    maximum,
    null,
    size_of,
    stack_array,
    table,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

STACK_BYTES: Final = u64(0x4_0000)  # of a store's own stack, which guests' frames are on
LEAST_STACK_BYTES: Final = u64(0x4000)
MOST_NESTED: Final = u32(64)  # calls from host into guest that have not returned: each takes of the thread's stack


@kernel
def reserve_nothing(size: usize) -> Ptr[u8]:
    """For platforms without virtual memory."""
    return null(Ptr[u8])


@kernel
def unreserve_nothing(base: Ptr[u8], size: usize) -> None:
    return


RESERVE = table(Fn[[usize], Ptr[u8]], [reserve_nothing])
UNRESERVE = table(Fn[[Ptr[u8], usize], None], [unreserve_nothing])


# Configurations.


@kernel(export="fusee_config_new")
def new_config_on(given: System) -> Config:
    """The first thing that a program makes may be a configuration, so it says what memory comes from."""
    return new_config() if set_system(given) else null(Config)


@kernel(export="wasm_config_new")
def new_config() -> Config:
    made = cast(Config, new_block(usize(size_of(Config))))
    if not is_null(made):
        made.stack_bytes = STACK_BYTES
        made.most_nested = MOST_NESTED
    return made


@kernel(export="wasm_config_delete")
def delete_config(config: Config) -> None:
    delete_block(cast(Ptr[u8], config))


@kernel(export="fusee_config_set_metered")
def set_metered(config: Config, is_metered: u32) -> None:
    if not is_null(config):
        config.is_metered = is_metered & 0xFF != 0


@kernel(export="fusee_config_set_interruptible")
def set_interruptible(config: Config, is_interruptible: u32) -> None:
    if not is_null(config):
        config.is_timed = is_interruptible & 0xFF != 0


@kernel(export="fusee_config_set_stack")
def set_stack(config: Config, size: u64) -> None:
    if not is_null(config):
        config.stack_bytes = maximum(size, LEAST_STACK_BYTES)


@kernel(export="fusee_config_set_nesting")
def set_nesting(config: Config, most: u32) -> None:
    if not is_null(config):
        config.most_nested = most


@kernel(export="fusee_config_set_relaxed_simd_deterministic")
def set_relaxed_simd_deterministic(config: Config, is_deterministic: u32) -> None:
    if not is_null(config):
        config.is_relaxed = is_deterministic & 0xFF == 0


# Engines.


@kernel(export="fusee_engine_new")
def new_engine_on(given: System) -> EngineObject:
    return new_configured_engine(new_config()) if set_system(given) else null(EngineObject)


@kernel(export="fusee_engine_new_with_config")
def new_configured_engine_on(given: System, config: Config) -> EngineObject:
    """Takes over `config`, also if the platform is not usable."""
    if set_system(given):
        return new_configured_engine(config)
    delete_config(config)
    return null(EngineObject)


@kernel(export="wasm_engine_new")
def new_engine() -> EngineObject:
    """On the platform that was given last, or the default one."""
    return new_configured_engine(new_config())


@kernel(export="wasm_engine_new_with_config")
def new_configured_engine(config: Config) -> EngineObject:
    """Takes over `config`; null if there is no memory, or no platform."""
    made = null(EngineObject)
    if not is_null(config):
        made = cast(EngineObject, new_block(usize(size_of(EngineObject))))
    if not is_null(made):
        platform = system(stack_array(System, 1)[0])
        copy_bytes(cast(Ptr[u8], made.system), cast(Ptr[u8], platform), usize(size_of(System)))
        made.count = u32(1)
        made.stack_bytes = config.stack_bytes
        made.most_nested = config.most_nested
        made.is_metered = config.is_metered or config.is_timed
        made.is_timed = config.is_timed and not config.is_metered
        made.is_relaxed = config.is_relaxed
    delete_config(config)
    return made


@kernel(export="wasm_engine_delete")
def delete_engine(engine: EngineObject) -> None:
    if not is_null(engine):
        drop_engine(engine)


# Stores.


@kernel(export="wasm_store_new")
def new_store_object(engine: EngineObject) -> StoreObject:
    """Null if there is no memory for the store, its world and its stack. Any thread may make one."""
    if is_null(engine):
        return null(StoreObject)
    made = cast(StoreObject, new_block(usize(size_of(StoreObject))))
    world = cast(World, new_block(usize(size_of(World))))
    if is_null(made) or is_null(world) or caught(start_world, engine, world) != 0:
        delete_block(cast(Ptr[u8], world))
        delete_block(cast(Ptr[u8], made))
        return null(StoreObject)
    world.count = u32(1)
    made.engine = engine
    made.world = world
    made.count = u32(1)
    if caught(start_store, made) != 0:
        drop_world(world)
        delete_block(cast(Ptr[u8], made))
        return null(StoreObject)
    hold_engine(engine)
    return made


@kernel
def start_world(engine: EngineObject, world: World) -> None:
    """Open an engine proper on the platform's functions."""
    platform = platform_of(engine, stack_array(Platform, 1)[0])
    world.engine = open_engine(platform, engine.is_metered)
    world.engine.is_timed = engine.is_timed
    world.engine.is_relaxed = engine.is_relaxed
    world.engine.has_threads = can_wait(engine.system)
    world.engine.pause = PAUSE[0]
    install_interpreter(world.engine)


@kernel
def platform_of(engine: EngineObject, platform: Platform) -> Platform:
    """The platform's functions as an engine proper wants them."""
    fill_bytes(cast(Ptr[u8], platform), u8(0), usize(size_of(Platform)))
    platform.allocate = engine.system.allocate
    platform.release = engine.system.release
    platform.reserve = RESERVE[0]
    platform.unreserve = UNRESERVE[0]
    if address(engine.system.reserve) != 0 and address(engine.system.unreserve) != 0:
        platform.reserve = engine.system.reserve
        platform.unreserve = engine.system.unreserve
    platform.call_host = CALL_HOST[0]
    return platform


@kernel
def start_store(made: StoreObject) -> None:
    made.store = new_store(made.world.engine, made.engine.stack_bytes, address(made))
    made.store.held_fuel = NO_LIMIT
    made.store.clock = made.engine.system.clock


@kernel(export="wasm_store_delete")
def delete_store(store: StoreObject) -> None:
    if not is_null(store):
        drop_store(store)


@kernel(export="fusee_store_error")
def store_error(store: StoreObject, out: Vector) -> None:
    """What went wrong last in a store, in words with a zero byte behind them."""
    write_message(out, u64(0) if is_null(store) else store.status)
