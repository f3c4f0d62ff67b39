"""The runtime structures (spec 4.2): store, instances, functions, memories, tables, globals.

References are addresses: a funcref is the address of its `Func`, an exnref of its `Exn`; zero is null. What a
reference of the `any` or the `extern` hierarchy is, its two lowest bits say: an object's address has none of them, an
i31 has the first, and what the embedder has given to guests the second alone. So conversions between the two
hierarchies (spec 4.6.5) change nothing.
"""

from typing import Annotated, Final

from fusee.engine.state.code import Clauses
from fusee.engine.state.heap import Heap
from fusee.engine.state.module import Module
from fusee.engine.state.platform import Platform
from fusee.kernel.lang import Count, Fn, Inline, Ptr, kernel, size_of, struct, u8, u32, u64, usize

LOOP_WORD: Final = 6

MAY_WAIT: Final = usize(1)
"""In place of the caller's frame, of a frame that returns to the embedder: that knows what to do if the guest waits."""

SLOT_BYTES: Final = 8
RESERVED_STACK_SLOTS: Final = 512  # above `Store.stack_limit`, for functions that need so little that they do not ask

SAVED_REGISTERS: Final = u32(5)  # the accumulator and the pins of the integer bank

MOST_FRAMES: Final = u32(64)  # of a backtrace
FRAME_WORDS: Final = 3  # of a frame in a backtrace: instance, function index, offset in the module
UNKNOWN_OFFSET: Final = u32(0xFFFF_FFFF)

TAG_MASK: Final = 3
TAG_I31: Final = 1  # the number's 31 bits are above it
TAG_HOST: Final = 2  # above it is the embedder's handle; in C it is added to an address
HANDLE_SHIFT: Final = 2


NO_LIMIT: Final = u64(0xFFFF_FFFF_FFFF_FFFF)
MOST_FUEL: Final = u64((1 << 63) - 1)  # at hand: what is above has been below zero
NOT_GROWN: Final = u64(0xFFFF_FFFF_FFFF_FFFF)  # what `memory.grow` and `table.grow` give when they fail


@struct
class Cells:
    """Addresses of the code cells that belong to no function."""

    translate: Ptr[u8]  # first call of a function through its `Func`
    host: Ptr[u8]  # every host function's code
    leave: Ptr[u8]  # returns to the embedder
    return_across: Ptr[u8]  # restores the caller's instance
    first_call: usize  # not a cell but the handler in the stubs of a module (`Module.stubs`)
    interrupted: usize  # the handler that stands in for others while somebody wants the guest to pause
    native: usize  # and that of the cell in front of a function's native code
    tiered: usize  # the handler in the first cell of a translated function that has got native code since
    resumed: usize  # and in that of a loop from which native code goes on
    words: Annotated[Ptr[usize], Count(5)]  # the cells, and a word behind them: `handlers.regs.look_ahead`


@struct
class Engine:
    """Shared by all stores; owns the type registry and the handlers' addresses."""

    platform: Inline[Platform]
    cells: Inline[Cells]
    registry: usize
    handlers: Ptr[usize]  # code addresses by handler number
    translator: Annotated[Ptr[usize], Count(1)]  # one that nobody uses now, with its buffers, or 0
    is_metered: bool  # translate with `tick`s, which pay for what is executed
    is_timed: bool  # nobody asks how much that is: only where functions and loops begin
    is_profiled: bool  # translate with counters of basic blocks
    is_relaxed: bool  # relaxed instructions give what is cheapest on a machine like x86, not what is always the same
    pause: Fn[[usize], u32]  # what `interrupted` calls for a store -> 0, or not 0: stop
    helpers: Ptr[usize]  # what native code calls, by the numbers of `engine.natives.numbers`
    has_threads: bool  # `call_host` takes the requests of `state.platform`
    tiering: usize  # the embedder's `Tiering`, or 0
    wanted: Annotated[Ptr[usize], Count(1)]  # the embedder's chain of guests in native code that shall pause, or 0
    is_deaf: bool  # some native code does not look whether it shall stop


@struct
class Landing:
    """Where execution goes on when an exception is caught."""

    pc: Ptr[u8]
    frame: Ptr[u64]
    instance: usize
    clauses: Clauses  # of the function: they say which locals are pinned


@struct
class Store:
    """One world of instances, and its stack (spec 4.2.3)."""

    engine: Engine
    stack_base: Ptr[u64]
    stack_limit: Ptr[u64]  # no frame may end above it
    stack_top: Ptr[u64]  # where a re-entering call may build its frame
    status: u64  # why the interpreter stopped; 0: returned
    trap_pc: Ptr[u8]  # where a guest has stopped, valid if `trap_instance` is set
    trap_fp: Ptr[u64]
    trap_instance: usize  # 0: what was raised last happened in no guest's frame
    fuel_at: Ptr[u64]  # where fuel is at hand: in the instance that has paid last (`come_for_fuel`), or below
    fuel: u64  # at hand, as long as no instance has paid
    interrupt: u32  # set by another thread: guests shall stop
    is_wanted: u32  # likewise: the guest that runs shall pause
    depth: u32  # nested entries from the embedder
    embedder: usize  # handle of the embedder's store
    objects: usize  # the runtime's list of what dies with the store
    held_fuel: u64  # released in slices, so that somebody looks whether the guest shall stop
    deadline: u64  # on `clock`; 0: none
    clock: Fn[[u32], u64]
    place_fp: Ptr[u64]  # while a kernel works for a guest that may pause: its frame; null: it may not
    place_pc: Ptr[u8]  # and its cell
    place_instance: usize  # 0: the frame is of no function yet, and `place_fp` is its end
    has_given_up: bool  # memory has not grown because the guest shall stop or pause
    is_patient: bool  # it has paused before that: this time it grows
    exception: usize  # the `Exn` under way: thrown and not caught yet, or caught by nobody
    landing: Inline[Landing]
    spare_exn: usize  # one that nobody refers to any more, for the next throw
    held_exns: usize  # exceptions that have, or had lately, a reference in C
    heap: Inline[Heap]
    # Where the guest is that makes an object, noted by `save_registers`: what registers hold may be nowhere else.
    saved_pc: Ptr[u8]
    saved_fp: Ptr[u64]
    saved_instance: usize
    saved: Annotated[Ptr[u64], Count(SAVED_REGISTERS)]
    # Native code of functions (`docs/native.md`)
    host_budget: usize  # how many bytes of the host's stack guests may use, from the outermost call on
    host_limit: usize  # no native frame may begin below this address
    tail_callee: usize  # with the status `TAIL_CALL`: the `Func` to be called
    noted: u32  # frames that what was raised last has left already, the innermost first
    notes: Annotated[Ptr[u64], Count(MOST_FRAMES * FRAME_WORDS)]
    # Of the C API: what wakes a guest that waits for a word of a shared memory
    token: Annotated[Ptr[u32], Count(1)]  # is another whenever it shall look around
    is_asleep: Annotated[Ptr[u32], Count(1)]  # it looks at `token`, and may sleep until that is another
    # Guests that wait (`runtime/parking.py`)
    parked: usize  # the newest `Parked`
    parked_bytes: u64
    suspended: usize  # the one whose guest leaves the interpreter now


@struct
class Memory:
    """A linear memory (spec 4.2.8)."""

    base: Ptr[u8]
    length_bytes: u64
    capacity_bytes: u64  # what there is room for at `base`
    maximum_pages: u64
    page_size_log2: u32
    is_64: bool
    has_maximum: bool
    is_reserved: bool  # from the platform's `reserve`, not its `allocate`
    is_shared: bool  # by threads, each with a store of its own: it never moves, and is a `SharedMemory`
    waiters: Annotated[Ptr[u32], Count(1)]  # how many threads wait, or are about to, for words of it
    store: usize  # whose limits hold; of a shared one who has made it, which in C may have ended


@struct
class SharedMemory:
    """A memory that the stores of several threads use. It ends with the last who holds it."""

    memory: Inline[Memory]  # at the start: who knows that a `Memory` is shared finds the rest
    count: Annotated[Ptr[u32], Count(1)]  # of stores, and of handles in C
    platform: Inline[Platform]  # what its bytes came from: it may outlive the engine
    # Of the C API, which has the queue of those who wait in there (`capi.waiting`)
    embedder: usize  # whose stores may use it; 0: nobody has shared it yet
    lock: Annotated[Ptr[u32], Count(1)]
    first_waiter: usize


@struct
class Table:
    """A table (spec 4.2.7); elements are 8-byte references on every target."""

    elements: Ptr[u64]
    length: u64
    capacity: u64
    maximum: u64
    element: u32  # reference type, as in `state.module`, with the heap type index replaced by its canonical id
    is_64: bool
    has_maximum: bool
    store: usize


@struct
class Global:
    """A global (spec 4.2.9): 16 bytes of value; integers below 64 bits in the low bytes."""

    value: u64
    high: u64
    value_type: u32  # with the heap type index replaced by its canonical id
    is_mutable: bool


@struct
class Tag:
    """A tag (spec 4.2.10); its address is its identity."""

    canonical: u32
    param_count: u32
    slot_count: u32  # what the values take
    params: Ptr[u32]  # value types, in the terms of the module
    module: Module  # where its type is; null if no module has it, and then the value types are canonical
    type_index: u32


@struct
class Exn:
    """An exception (spec 4.2.14), an object of the store's heap. Its values follow, as in a frame."""

    type: u32  # `state.heap.EXCEPTION`
    capacity: u32  # in slots
    tag: Tag
    next_held: usize  # in `Store.held_exns`
    holders: u32  # references that a program in C has
    is_held: bool  # it is in that list
    is_shared: bool  # something may refer to it


@struct
class Func:
    """A function instance (spec 4.2.6). A call through it passes its address in `acc`."""

    code: Ptr[u8]
    instance: usize  # owner; 0 for host functions
    canonical: u32
    index: u32  # in the owner's index space; host functions: the embedder's id
    param_count: u32
    result_count: u32
    param_slots: u32
    result_slots: u32
    native: usize  # its native code, or 0; it is called as the function's type says


@struct
class Segment:
    """An element or data segment of an instance; length 0 once dropped."""

    items: Ptr[u8]  # data: bytes; elements: 8-byte references
    length: u64


@struct
class Instance:
    """A module instance (spec 4.2.5), the interpreter's `ctx`. The `Global`s that it owns follow it in memory."""

    module: Module
    store: Store
    registry: usize  # the engine's `TypeRegistry`
    stack_limit: Ptr[u64]
    fuel: u64  # that it has at hand, if it has paid last (`Store.fuel_at`)
    memory: usize  # memory 0 or 0
    memories: Ptr[usize]
    tables: Ptr[usize]
    functions: Ptr[usize]  # `Func` addresses by index
    globals: Ptr[usize]  # `Global` addresses by index
    tags: Ptr[usize]  # `Tag` addresses by index
    elements: Ptr[Segment]
    datas: Ptr[Segment]
    code: Ptr[usize]  # `Module.code_table`
    platform: Platform
    helpers: Ptr[usize]  # the engine's


@kernel(inline=True)
def globals_offset() -> usize:
    """How far behind an instance's start the `Global`s are that it owns."""
    return usize((size_of(Instance) + 7) & ~7)


@kernel(inline=True)
def tables_offset(m: Module) -> u64:
    """How far behind an instance's start the addresses of its tables are: behind the globals that it owns."""
    return u64(globals_offset()) + u64(m.global_count - m.imported_global_count) * size_of(Global)
