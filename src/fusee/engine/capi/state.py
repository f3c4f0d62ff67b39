"""What the C API's pointers point to. The first group is laid out as `wasm.h` and `fusee.h` say; the rest is opaque.

Objects refer to what must outlive them by counted references: a store lives until its last handle, trap
and frame is deleted, an engine until its last store. So no order of deletion is wrong.

A store has an engine proper of its own, its *world*, and shares nothing with other stores that anybody writes to
but two counts, of an `EngineObject` and of a `Source`, which are changed atomically, and what it is given by way of a
`SharedMemory`. So each thread may have its own.
"""

from typing import Annotated, Final

from fusee.engine.state.module import Module
from fusee.engine.state.runtime import Engine, Store
from fusee.kernel.lang import Count, Fn, Inline, Ptr, struct, u8, u32, u64, usize

KIND_FUNC: Final = u32(0)  # `wasm_externkind_t`
KIND_GLOBAL: Final = u32(1)
KIND_TABLE: Final = u32(2)
KIND_MEMORY: Final = u32(3)
KIND_TAG: Final = u32(4)  # not of the standard
KIND_INSTANCE: Final = u32(5)  # of a `Ref` that is not an extern
KIND_FOREIGN: Final = u32(6)
KIND_TRAP: Final = u32(7)
KIND_MODULE: Final = u32(8)
KIND_EXN: Final = u32(9)
KIND_ANY: Final = u32(10)
KIND_NONE: Final = u8(0xFF)  # of NULL

VAL_I32: Final = u8(0)  # `wasm_valkind_t`
VAL_I64: Final = u8(1)
VAL_F32: Final = 2
VAL_F64: Final = 3
VAL_V128: Final = 4
VAL_EXTERNREF: Final = u8(128)
VAL_FUNCREF: Final = u8(129)
VAL_EXNREF: Final = u8(130)
VAL_ANYREF: Final = u8(131)  # all of the hierarchy of `anyref`
VAL_NONE: Final = u8(0xFF)  # of NULL


@struct
class System:
    """`fusee_platform_t`: all that the library asks of the system under it; from `reserve` on it may be null."""

    allocate: Fn[[usize, usize], Ptr[u8]]
    release: Fn[[Ptr[u8]], None]
    reserve: Fn[[usize], Ptr[u8]]
    unreserve: Fn[[Ptr[u8], usize], None]
    clock: Fn[[u32], u64]
    random: Fn[[Ptr[u8], usize], u32]
    read: Fn[[u32, Ptr[u8], usize, Ptr[usize]], u32]
    write: Fn[[u32, Ptr[u8], usize], u32]
    wait: Fn[[Ptr[u32], u32, u64], u32]
    wake: Fn[[Ptr[u32]], None]
    after: Fn[[u64, usize, usize], u32]


@struct
class Vector:
    """`wasm_byte_vec_t` and all other vectors."""

    size: usize
    data: Ptr[u8]


@struct
class Value:
    """`wasm_val_t`: numbers and pointers in the low bytes of `bits`; of a vector the pointer to a block of its own."""

    kind: u8
    bits: u64


@struct
class Limits:
    """`wasm_limits_t`; a maximum of 0xFFFFFFFF is none."""

    minimum: u32
    maximum: u32


@struct
class ValType:
    """`wasm_valtype_t`: the engine's code, canonical; of a type that a module defines with its index there, and where.

    So it means the same in all stores, and when the module is gone.
    """

    code: u32
    source: "Source"


@struct
class FieldType:
    """`fusee_field_t`."""

    kind: u8
    is_mutable: bool
    type: u32


@struct
class ExternType:
    """`wasm_externtype_t`, and with the kind that they say also the function, global, table, memory and tag types."""

    kind: u32
    is_mutable: bool  # globals
    is_shared: bool  # memories
    is_64: bool  # tables and memories: C has no other place for it
    limits: Inline[Limits]  # tables and memories
    content: ValType  # globals and tables
    params: Inline[Vector]  # functions
    results: Inline[Vector]
    function: usize  # tags: the ExternType of a function whose parameters are the values
    source: "Source"  # functions: the binary that declares a type which is more than its values; else null
    index: u32  # of the type there


@struct
class NamedType:
    """`wasm_importtype_t` and `wasm_exporttype_t`, which has no module."""

    module: Inline[Vector]
    name: Inline[Vector]
    type: ExternType


@struct
class Config:
    """`wasm_config_t`."""

    is_metered: bool
    is_timed: bool
    is_relaxed: bool
    most_nested: u32
    stack_bytes: u64


@struct
class EngineObject:
    """`wasm_engine_t`: what its stores are made by."""

    count: u32  # of itself and its stores, in whatever threads these are
    most_nested: u32
    stack_bytes: u64
    is_metered: bool
    is_timed: bool  # whose guests only heed deadlines and interrupts
    is_relaxed: bool
    system: Inline[System]


@struct
class World:
    """An engine proper, of one store and of the modules that were made in it."""

    count: u32
    engine: Engine
    modules: usize  # ModuleObject: the latest one


@struct
class Source:
    """`wasm_shared_module_t`: a binary, which follows in memory. Modules of several threads may share it."""

    count: u32
    size: u32


@struct
class HostInfo:
    """What the embedder has attached to an object."""

    data: usize
    finalizer: usize


@struct
class ModuleObject:
    """`wasm_module_t`."""

    kind: u32  # as of a `Ref`, so that a `wasm_ref_t` may be one of these
    count: u32
    world: World
    newer: usize  # the world's ModuleObjects before and behind this one
    older: usize
    is_held: bool  # by the store
    module: Module
    source: Source
    info: Inline[HostInfo]


@struct
class Host:
    """A function of the embedder's, or one of WASI's (`callback` is 0, `wasi` its number)."""

    callback: usize
    has_environment: bool
    environment: usize
    finalizer: usize
    type: ExternType
    codes: Ptr[u32]  # of parameters and results, as the engine writes them
    wasi: u32


@struct
class Trap:
    """`wasm_trap_t`: a message that was given, or a status that has one; the frames are `Frame`s."""

    kind: u32  # as of a `Ref`
    count: u32  # of handles: as long as there are any, the store lives
    store: usize  # StoreObject; 0: none was given
    info: Inline[HostInfo]
    is_external: bool  # a guest may hold it: an `Object` of the store's keeps it
    status: u64
    message: Inline[Vector]
    frames: usize  # Ptr[Frame]
    frame_count: u32
    is_exit: bool
    exit_status: u32
    exn: usize  # the engine's exception that it is; 0: none. The trap counts among its holders


@struct
class Object:
    """What an externref refers to, and where the host info is of what has no place for it itself."""

    next: usize  # in its bucket
    kind: u32
    handles: u32  # of a foreign object, which is nothing else than this
    target: usize  # as of a `Ref`; a `Trap` or `ModuleObject`
    info: Inline[HostInfo]
    is_reached: bool  # while objects are collected: a table, global or segment refers to it


@struct
class Objects:
    """The `Object`s of a store by their targets."""

    buckets: Ptr[usize]
    bucket_count: u32  # a power of two
    count: u32
    collect_at: u32  # so many
    is_collecting: bool


@struct
class StoreObject:
    """`wasm_store_t`."""

    count: u32
    depth: u32  # calls into guests that have not returned
    engine: EngineObject
    world: World
    store: Store
    objects: Inline[Objects]
    hosts: Ptr[Host]
    host_count: u32
    host_capacity: u32
    status: u64  # of what failed last
    pending: usize  # the Trap that a callback has returned, on its way through the guest's frames
    wasi: usize  # wasi.state.Wasi
    has_exited: bool
    exit_status: u32
    is_ended: bool  # nothing but deleting handles is done with it any more
    interrupting: Annotated[Ptr[u32], Count(1)]  # the lock of those who change why guests shall stop
    alarm: usize  # alarm.Alarm; 0 before the first deadline, and where guests look at the clock themselves
    spare: Inline[Trap]  # for when there is no memory for another


@struct
class Ref:
    """A handle: `wasm_func_t`, `wasm_memory_t` … `wasm_tag_t`, `wasm_extern_t`, `wasm_instance_t`, `wasm_foreign_t`,
    `fusee_exn_t`, `fusee_any_t`.

    A `wasm_ref_t` is one of these, or a trap or a module, as `kind` says.
    """

    kind: u32
    store: StoreObject
    target: usize  # the engine's object; of a reference of the `any` hierarchy the root that holds it


@struct
class Frame:
    """`wasm_frame_t`."""

    instance: Inline[Ref]
    func_index: u32
    func_offset: u32
    module_offset: u32
