"""Calls from Python into guests, and from guests into Python.

Callbacks that are made by ctypes lose what is raised before their first instruction, and that is where the exception
of a signal handler arrives that waited for the guest. So these are calls as an extension module makes them: an
exception stays set in the thread's state while guest frames are left, and is raised, the same object, where Python
called.
"""

from typing import Final

from fusee.engine.errors import Busy, Suspended, Trap, raise_again
from fusee.engine.groups import try_release_types
from fusee.engine.interpreter import close_module
from fusee.engine.python.interrupt import interrupt_guest, interrupt_wanted, let_run, restore_code
from fusee.engine.python.stack import host_room
from fusee.engine.python.state import Embedder, Python, Watch
from fusee.engine.runtime.exceptions import drop_exn
from fusee.engine.state.module import Module
from fusee.engine.state.runtime import Engine, Func, Store
from fusee.engine.state.tiering import Tiering
from fusee.kernel.lang import Fn, Ptr, address, cast, i32, kernel, null, stack_array, table, u32, u64, usize
from fusee.spec.traps import TrapCode

SUSPENDED: Final = u64(Suspended(0, 0).status)


@kernel
def call_object(python: Python, function: usize) -> bool:
    """Call without arguments; false if an exception is set."""
    result = python.call(function, null(Ptr[usize]), usize(0), usize(0))
    if result == 0:
        return False
    python.drop(result)
    return True


@kernel(inline=True)
def wake_tiering(e: Embedder, world: Store, tiering: Tiering) -> None:
    """A guest begins to run: somebody looks what it executes."""
    if tiering.is_asleep != 0:
        tiering.is_asleep = u32(0)
        if not call_object(e.python, tiering.wake):
            e.python.clear()  # there is no thread to be had: it stays interpreted
    if tiering.is_due != 0:
        tiering.is_due = u32(0)
        interrupt_guest(world, False)


@kernel
def go_in(e: Embedder, world: Store) -> None:
    """Into native code, without the interpreter lock."""
    watch = e.watch
    if e.thread == watch.main:
        if watch.is_asleep != 0:
            watch.is_asleep = u32(0)
            if not call_object(e.python, watch.wake):
                e.python.clear()  # there is no thread to be had: signals wait
        watch.running = address(world)
        watch.entries += 1
    e.running = address(world)
    if world.engine.tiering != 0:
        wake_tiering(e, world, cast(Tiering, world.engine.tiering))
    if world.interrupt != 0:
        interrupt_guest(world, False)
    e.thread_state = e.python.save_thread()


@kernel
def come_out(e: Embedder, world: Store) -> None:
    """Out of native code. Nobody patches cells any more, and none is left patched."""
    e.python.restore_thread(e.thread_state)
    e.running = usize(0)
    if world.is_wanted != 0:
        restore_code(world)
    if e.thread == e.watch.main:
        e.watch.running = usize(0)
        e.watch.is_patched = u32(0)


@kernel
def set_wakeup(python: Python, file: usize) -> usize:
    """Have the numbers of signals written there from now on; gives where they were, or 0 if that is impossible."""
    argument = stack_array(usize, 1)
    argument[0] = file
    return python.call(python.set_wakeup, argument, usize(1), usize(0))


@kernel
def listen(python: Python, watch: Watch) -> None:
    """On the main thread: have whoever watches learn of signals."""
    watch.previous = set_wakeup(python, watch.file)
    if watch.previous == 0:
        python.clear()
    else:
        watch.previous_file = i32(python.value(watch.previous))
        watch.is_listening = u32(1)


@kernel(inline=True)
def leave_guest(e: Embedder) -> None:
    """Where Python code follows that may do with signals what it wants."""
    if e.watch.is_listening != 0 and e.thread == e.watch.main:
        stop_listening(e.python, e.watch)


@kernel(cold=True)
def stop_listening(python: Python, watch: Watch) -> None:
    """As it was before. An exception may be set, and stays."""
    exception = stack_array(usize, 3)
    python.fetch(exception, exception + 1, exception + 2)
    watch.is_listening = u32(0)
    ours = set_wakeup(python, watch.previous)
    if ours != 0:  # else that file has been closed meanwhile
        python.drop(ours)
    python.drop(watch.previous)
    python.restore(exception[0], exception[1], exception[2])


@kernel
def give_way(e: Embedder, engine: Engine) -> None:
    """Without the store's lock: who waits for it gets it, and guests that are wanted come out of native code."""
    while engine.wanted[0] != 0 or e.is_waited_for != 0:
        interrupt_wanted(engine)  # this guest may have translated what they call
        e.is_waited_for = u32(0)  # who still waits says so again
        let_run(e.python)


@kernel
def return_to_guest(e: Embedder, world: Store, has_succeeded: bool) -> u32:
    """After Python code: go on with the guest (0), or leave its frames because an exception is set."""
    if has_succeeded and call_object(e.python, e.acquire):
        go_in(e, world)
        return u32(0)
    e.is_out = True
    return u32(1)


@kernel
def call_python(store: usize, identity: u32, instance: usize, slots: Ptr[u64]) -> u32:
    """`Platform.call_host`: a host function, during which others may use the store."""
    world = cast(Store, store)
    e = cast(Embedder, world.embedder)
    python = e.python
    come_out(e, world)
    leave_guest(e)
    has_succeeded = call_object(python, e.release)
    if has_succeeded:
        arguments = stack_array(usize, 4)
        arguments[0] = e.owner
        arguments[1] = python.number(identity)
        arguments[2] = python.number(instance)
        arguments[3] = python.number(address(slots))
        result = python.call(python.run_host, arguments, usize(4), usize(0))
        python.drop(arguments[1])
        python.drop(arguments[2])
        python.drop(arguments[3])
        has_succeeded = result == python.nothing  # else the guest waits, or an exception is set
        if result != 0:
            python.drop(result)
    outcome = return_to_guest(e, world, has_succeeded)
    if outcome != 0:
        drop_exn(world)
        return outcome
    return u32(world.exception != 0)  # an exception for guests ends the host's frame, too


@kernel
def pause_for_python(store: usize) -> u32:
    """`Engine.pause`: let signal handlers run; and whoever waits for the store's lock, to fork.

    The first pause of a guest on the main thread is for signals that have come before anybody listened.
    """
    world = cast(Store, store)
    e = cast(Embedder, world.embedder)
    is_wanted = world.is_wanted != 0
    come_out(e, world)
    if not is_wanted and world.engine.tiering != 0:
        restore_code(world)  # its cells may have been replaced all the same (`interrupt_interpreted`)
    if e.thread == e.watch.main and e.watch.is_listening == 0:
        listen(e.python, e.watch)
    has_succeeded = call_object(e.python, e.release)
    if has_succeeded:
        give_way(e, world.engine)
        has_succeeded = e.python.check_signals() == 0
    outcome = return_to_guest(e, world, has_succeeded)
    if outcome != 0:
        leave_guest(e)
    return outcome


CALL_HOST = table(Fn[[usize, u32, usize, Ptr[u64]], u32], [call_python])
PAUSE = table(Fn[[usize], u32], [pause_for_python])


@kernel
def install_embedder(engine: Engine) -> None:
    """Have all stores of an engine, which have `Embedder`s, call Python."""
    engine.platform.call_host = CALL_HOST[0]
    engine.pause = PAUSE[0]
    engine.has_threads = True


@kernel
def close_if_free(m: Module) -> bool:
    """End a module, unless somebody uses the registry of its types; called with the interpreter lock.

    That is where objects end, and it may be in the middle of what this very thread does with the registry.
    """
    if not try_release_types(m):
        return False
    close_module(m)
    return True


@kernel
def invoke_from_python(world: Store, func: Func, slots: Ptr[u64]) -> None:
    """`invoke`, called with the interpreter lock held. What a host function has raised is set in the thread's state.

    The interpreter is called as from outside, so that a failed check of the checked build comes back here.
    """
    e = cast(Embedder, world.embedder)
    limit = world.host_limit
    begin_call(e, world)
    go_in(e, world)
    status = e.python.invoke(address(world), address(func), slots)
    world.host_limit = limit
    end_call(e, world)
    raise_again(status)


@kernel
def advance_from_python(world: Store, func: Func, parked: usize, slots: Ptr[u64]) -> None:
    """`proceed`, in the same way."""
    e = cast(Embedder, world.embedder)
    limit = world.host_limit
    begin_call(e, world)
    go_in(e, world)
    status = e.python.advance(address(world), address(func), parked, slots)
    world.host_limit = limit
    end_call(e, world)
    if status == SUSPENDED:
        raise Suspended(0, 0)
    raise_again(status)


@kernel(inline=True)
def end_call(e: Embedder, world: Store) -> None:
    """The interpreter has been left."""
    if e.is_out:
        e.is_out = False
    else:
        come_out(e, world)
        leave_guest(e)
        call_object(e.python, e.release)
    e.depth -= 1


@kernel
def begin_call(e: Embedder, world: Store) -> None:
    """Take the store for this thread, and its lock."""
    thread = e.python.thread()
    if e.depth != 0 and e.thread != thread:
        raise Busy(0, 0)
    room = host_room(e.python)
    if not call_object(e.python, e.acquire):
        raise Trap(TrapCode.EMBEDDER, 0)
    if e.is_closed != 0 or (e.depth != 0 and e.thread != thread):  # while this one waited
        call_object(e.python, e.release)
        raise Busy(0, 0)
    if room == 0:
        call_object(e.python, e.release)
        world.trap_instance = usize(0)  # it happens in no guest's frame
        raise Trap(TrapCode.STACK_OVERFLOW, 0)
    world.host_budget = room
    e.thread = thread
    e.depth += 1
