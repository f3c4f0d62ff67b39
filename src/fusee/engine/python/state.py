"""What the engine has of CPython: functions of its C interface, and addresses of objects.

All of it is in Python's memory and is read and written by threads that hold the interpreter lock, unless a field says
otherwise. That lock is what keeps a guest that leaves the native code, and whoever looks at it meanwhile, apart.
"""

from typing import Annotated, Final

from fusee.kernel.lang import Count, Fn, Ptr, i32, i64, struct, u32, u64, usize

# What `watch_main_thread` tells
IDLE: Final = u32(0)
OVERDUE: Final = u32(1)  # a guest has not come out of native code for more than a tick, or not met what was patched
READABLE: Final = u32(2)  # somebody has written to the file

KNOWN_STACKS: Final = 64  # threads whose stacks are at hand


@struct
class ThreadStack:
    """A thread's stack, which grows downwards. What guests may not use of it is the host's."""

    thread: u64  # one more than the number of its Python state, which no other thread ever has; 0: none
    base: usize  # its lowest address, if that is known
    end: usize  # the address behind it; the same as `base`: neither is known
    low: usize  # below this address there is nothing for guests
    share: usize  # how many bytes above it the guests of one store may use, from the call on that they begin with
    share_elsewhere: usize  # the same on another stack on which this thread may be, of which nothing is known


@struct
class Python:
    """Functions of the C interface. None of those that call Python code may be called while an exception is set."""

    invoke: Fn[[usize, usize, Ptr[u64]], u64]  # the interpreter's, as it is called from outside: gives a status
    advance: Fn[[usize, usize, usize, Ptr[u64]], u64]  # likewise
    save_thread: Fn[[], usize]  # PyEval_SaveThread
    restore_thread: Fn[[usize], None]  # PyEval_RestoreThread
    thread: Fn[[], usize]  # PyThread_get_thread_ident
    state: Fn[[], usize]  # PyThreadState_Get
    number_of: Fn[[usize], u64]  # PyThreadState_GetID
    call: Fn[[usize, Ptr[usize], usize, usize], usize]  # PyObject_Vectorcall; null: an exception is set
    number: Fn[[usize], usize]  # PyLong_FromSize_t
    drop: Fn[[usize], None]  # Py_DecRef
    check_signals: Fn[[], i32]  # PyErr_CheckSignals; not 0: an exception is set
    clear: Fn[[], None]  # PyErr_Clear
    fetch: Fn[[Ptr[usize], Ptr[usize], Ptr[usize]], None]  # PyErr_Fetch
    restore: Fn[[usize, usize, usize], None]  # PyErr_Restore
    value: Fn[[usize], i64]  # PyLong_AsLong
    lock: Fn[[], i32]  # PyGILState_Ensure
    unlock: Fn[[i32], None]  # PyGILState_Release
    find: Fn[[usize, usize], usize]  # PyDict_GetItem
    enter: Fn[[usize, usize, usize], i32]  # PyDict_SetItem
    set_wakeup: usize  # `signal.set_wakeup_fd`, which gives the file before
    poll: Fn[[Ptr[u64], usize, i32], i32]  # of the C library
    run_host: usize  # takes a store, a host function's number, the address of the calling instance and of the slots
    nothing: usize  # `None`, which that gives, or something else if the guest waits (`park`)
    measure: usize  # takes an address, to which it writes what a `ThreadStack` of this thread has behind `thread`
    stacks: Annotated[Ptr[ThreadStack], Count(KNOWN_STACKS)]  # by the remainder of `ThreadStack.thread`


@struct
class Places:
    """The functions that give and take memory here. All are as wide as pointers, but `next`."""

    map: Fn[[usize, usize, i32, i32, i32, i64], usize]  # `mmap`, or null
    unmap: Fn[[usize, usize], i32]
    allocate: Fn[[usize, usize], usize]  # `calloc`, or null: then memory is not reserved
    release: Fn[[usize], None]
    flags: usize  # of a private, anonymous mapping for which no swap is set aside
    python: Python
    leases: usize  # dictionary: what is shown to somebody, by address
    returned: usize  # dictionary: sizes of what has been returned although it is shown
    next: Annotated[Ptr[u32], Count(1)]


@struct
class Watch:
    """Of the process: what must be known of guests on the main thread, which alone handles signals."""

    main: usize  # the thread
    running: usize  # the store whose guest it runs in native code, or 0; read without the lock, too
    entries: u64  # counts how often it has gone into native code; read without the lock, too
    is_asleep: u32  # whether nobody watches: `wake` starts a thread that does
    is_listening: u32  # whether the numbers of signals are written to `file`
    is_patched: u32  # whether it has been told to pause, and has not yet
    wake: usize  # executes no Python code in this thread, so that no signal handler can raise in it
    file: usize  # as an object: the file where they are to be written
    previous: usize  # likewise: where they were written before
    previous_file: i32
    polled: Annotated[Ptr[u64], Count(1)]  # a `struct pollfd` of the other end of `file`; only for who watches


@struct
class Embedder:
    """Of a store: what `Store.embedder` points to."""

    python: Python
    watch: Watch
    owner: usize  # the store's object, which lives as long as a guest runs
    acquire: usize  # methods of the store's lock, which is held while a guest runs
    release: usize
    running: usize  # the store, while its guest is in native code, or 0
    next_wanted: usize  # behind this one in `Engine.wanted`
    is_waited_for: u32  # a thread waits for the lock: the guest that pauses lets it go first
    is_closed: u32  # written with the lock: there is no store any more for who has waited for that
    thread_state: usize  # of the thread that runs the guest
    thread: usize
    depth: u32  # calls into guests that have not returned
    is_out: bool  # an exception is on its way through guest frames: no lock is held but the interpreter's
