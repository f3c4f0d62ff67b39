"""Traps: a message, and the frames in which it happened."""

from fusee.engine.backtrace import backtrace
from fusee.engine.capi.blocks import copy_to_bytes, delete_block, new_block, new_bytes
from fusee.engine.capi.messages import write_message
from fusee.engine.capi.objects import forget_exn
from fusee.engine.capi.refs import drop_store, drop_trap, hold_trap
from fusee.engine.capi.state import KIND_INSTANCE, KIND_TRAP, Frame, Ref, StoreObject, Trap, Vector
from fusee.engine.capi.thrown import write_thrown
from fusee.engine.capi.vectors import delete_vector, new_elements, pointers
from fusee.engine.present import HAS_EXCEPTIONS
from fusee.engine.runtime.exceptions import take_exn, throw_exn
from fusee.engine.runtime.heap.roots import hold_exn
from fusee.engine.state.runtime import FRAME_WORDS, MOST_FRAMES, UNKNOWN_OFFSET, Exn, Instance
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    caught,
    copy_bytes,
    is_null,
    kernel,
    null,
    size_of,
    span,
    stack_array,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip


@kernel
def new_trap(s: StoreObject, status: u64) -> Trap:
    """A trap for what has stopped a call; where there is no memory, the one that the store has in reserve.

    Without a store it has none to keep alive; then there may be no memory, and it is null.
    """
    made = cast(Trap, new_block(usize(size_of(Trap))))
    if is_null(s):
        if not is_null(made):
            made.kind = KIND_TRAP
            made.count = u32(1)
            made.status = status
        return made
    s.status = status
    if is_null(made):
        made = s.spare
        forget_exn(made)
    made.kind = KIND_TRAP
    made.store = address(s)
    made.status = status
    made.is_exit = s.has_exited
    made.exit_status = s.exit_status
    hold_trap(made)
    return made


@kernel(export="wasm_trap_new")
def new_message_trap(s: StoreObject, message: Vector) -> Trap:
    made = new_trap(s, u64(0))
    if not is_null(made) and not is_null(message) and (is_null(s) or made != s.spare):
        copy_terminated(made.message, message)
    return made


@kernel
def copy_terminated(out: Vector, message: Vector) -> None:
    """A copy that ends in a zero byte, as messages do, even where the embedder has forgotten it."""
    size = message.size
    if size != 0 and message.data[size - 1] == 0:
        copy_to_bytes(out, message.data, size)
    elif size + 1 != 0 and new_bytes(out, size + 1) and size != 0:
        copy_bytes(out.data, message.data, size)


@kernel
def delete_trap(trap: Trap) -> None:
    if not is_null(trap):
        drop_trap(trap)


@kernel(export="wasm_trap_message")
def trap_message(trap: Trap, out: Vector) -> None:
    """The message with a zero byte behind it; empty if there is no memory."""
    if is_null(trap):
        write_message(out, u64(0))
    elif trap.message.size != 0:
        copy_to_bytes(out, trap.message.data, trap.message.size)
    elif HAS_EXCEPTIONS and trap.exn != 0:
        write_thrown(out, cast(StoreObject, trap.store), cast(Exn, trap.exn))
    else:
        write_message(out, trap.status)


@kernel
def stop(s: StoreObject, trap: Trap) -> u32:
    """Have the guest stopped with a trap, which passes to whoever has called the guest.

    One that is an exception of the store's a guest may catch on its way; then it is dropped with the next one, or when
    the call ends.
    """
    delete_trap(cast(Trap, s.pending))
    s.pending = address(trap)
    if HAS_EXCEPTIONS and exn_in(s, trap) != 0:
        throw_exn(s.store, trap.exn)
    return u32(1)


# Exceptions.


@kernel
def exn_in(s: StoreObject, trap: Trap) -> usize:
    """The exception of this store's that a trap is; 0 for any other trap, and for null."""
    return usize(0) if is_null(trap) or trap.store != address(s) else trap.exn


@kernel
def give_exn(trap: Trap, exn: usize) -> None:
    """From now on the trap is an exception of its store's."""
    forget_exn(trap)
    trap.exn = exn
    hold_exn(cast(StoreObject, trap.store).store, cast(Exn, exn))


@kernel
def trap_of(s: StoreObject, status: u64) -> Trap:
    """The trap by which a call has ended: the one that a callback has given, or a new one; and its exception.

    A guest may have caught what the callback gave, and have been stopped by something else.
    """
    trap = cast(Trap, s.pending)
    s.pending = usize(0)
    thrown = usize(0)
    if HAS_EXCEPTIONS and s.store.exception != 0:
        thrown = take_exn(s.store)
    if exn_in(s, trap) != thrown:
        delete_trap(trap)
        trap = null(Trap)
    if is_null(trap):
        trap = new_trap(s, status)
        if HAS_EXCEPTIONS and thrown != 0:
            give_exn(trap, thrown)
    return trap


# Frames.


@kernel
def add_frames(s: StoreObject, trap: Trap) -> None:
    """Note where the store's interpreter has stopped; nothing where there is no memory for it.

    A trap that a callback has given may be older, and have its frames, or be another store's.
    """
    if trap.store != address(s) or trap == s.spare or trap.frame_count != 0:
        return
    words = stack_array(u64, MOST_FRAMES * FRAME_WORDS)
    count = stack_array(u32, 1)
    if caught(read_backtrace, s, words, count) != 0 or not new_frames(trap, count[0]):
        return
    for i in span(count[0]):
        frame = cast(Ptr[Frame], trap.frames)[i]
        word = words + i * FRAME_WORDS
        instance = cast(Instance, usize(word[0]))
        frame.instance.kind = KIND_INSTANCE
        frame.instance.store = s
        frame.instance.target = address(instance)
        frame.func_index = u32(word[1])
        frame.module_offset = u32(word[2])
        first = instance.module.imported_func_count
        if frame.func_index >= first and frame.module_offset != UNKNOWN_OFFSET:
            frame.func_offset = frame.module_offset - instance.module.bodies[frame.func_index - first].locals.start


@kernel
def read_backtrace(s: StoreObject, words: Ptr[u64], count: Ptr[u32]) -> None:
    count[0] = backtrace(s.store, words, MOST_FRAMES)


@kernel
def new_frames(trap: Trap, count: u32) -> bool:
    """Room for frames; false also if there are none."""
    if count == 0:
        return False
    frames = new_block(usize(size_of(Frame)) * count)
    if is_null(frames):
        return False
    trap.frames = address(frames)
    trap.frame_count = count
    return True


@kernel
def fill_frame(frame: Frame, origin: Frame) -> None:
    frame.instance.kind = origin.instance.kind
    frame.instance.store = origin.instance.store
    frame.instance.target = origin.instance.target
    frame.func_index = origin.func_index
    frame.func_offset = origin.func_offset
    frame.module_offset = origin.module_offset


@kernel
def copy_frame(frame: usize) -> usize:
    """A frame that keeps its store alive, which those in a trap leave to the trap; 0 if there is no memory."""
    if frame == 0:
        return frame
    made = cast(Frame, new_block(usize(size_of(Frame))))
    if not is_null(made):
        fill_frame(made, cast(Frame, frame))
        made.instance.store.count += 1
    return address(made)


@kernel
def delete_frame(frame: usize) -> None:
    if frame != 0:
        s = cast(Frame, frame).instance.store
        delete_block(cast(Ptr[u8], frame))
        drop_store(s)


@kernel(export="wasm_trap_origin")
def trap_origin(trap: Trap) -> Frame:
    """The innermost frame, or null."""
    if is_null(trap) or trap.frame_count == 0:
        return null(Frame)
    return cast(Frame, copy_frame(trap.frames))


@kernel(export="wasm_trap_trace")
def trap_trace(trap: Trap, out: Vector) -> None:
    """The frames, the innermost first; none if there is no memory."""
    count = u32(0) if is_null(trap) else trap.frame_count
    if new_elements(out, count, usize(size_of(usize))):
        for i in span(count):
            pointers(out)[i] = copy_frame(address(cast(Ptr[Frame], trap.frames)[i]))
            if pointers(out)[i] == 0:
                delete_vector(out, delete_frame)
                return


@kernel(export="wasm_frame_instance")
def frame_instance(frame: Frame) -> Ref:
    return null(Ref) if is_null(frame) else frame.instance


@kernel(export="wasm_frame_func_index")
def frame_func_index(frame: Frame) -> u32:
    return u32(0) if is_null(frame) else frame.func_index


@kernel(export="wasm_frame_func_offset")
def frame_func_offset(frame: Frame) -> usize:
    return usize(0) if is_null(frame) else usize(frame.func_offset)


@kernel(export="wasm_frame_module_offset")
def frame_module_offset(frame: Frame) -> usize:
    return usize(0) if is_null(frame) else usize(frame.module_offset)
