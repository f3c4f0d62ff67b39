"""The guest's functions, its memory and its allocator."""

from fusee.engine.capi.component import capi
from fusee.engine.capi.component.errors import Broken, Fault
from fusee.engine.capi.component.format import NONE, Form
from fusee.engine.capi.component.state import Call, Instance, Task
from fusee.engine.capi.state import VAL_I32, Vector
from fusee.engine.capi.state import Value as CoreValue
from fusee.kernel.lang import Ptr, address, cast, is_null, kernel, null, stack_array, u8, u32, u64, usize


@kernel
def look_at_memory(call: Call) -> None:
    """Note where the memory is: it may have moved while the guest ran."""
    call.base = null(Ptr[u8])
    call.size = u64(0)
    if call.memory != 0:
        call.base = capi.memory_data(call.memory)
        call.size = u64(capi.memory_size(call.memory))


@kernel
def item_at(instance: Instance, number: u32) -> usize:
    """A core item; 0 for NONE."""
    return usize(0) if number == NONE else instance.items[number]


@kernel
def begin_call(call: Call, instance: Instance, memory: u32, realloc: u32, encoding: u32) -> None:
    """Set up what values are lifted and lowered with."""
    call.instance = instance
    call.memory = item_at(instance, memory)
    call.realloc = item_at(instance, realloc)
    call.encoding = encoding
    look_at_memory(call)


@kernel
def call_core(instance: Instance, func: usize, values: Ptr[CoreValue], count: u32, results: u32) -> None:
    """Call a core function; its results take the place of its arguments."""
    vectors = stack_array(Vector, 2)
    vectors[0].size = usize(count)
    vectors[0].data = cast(Ptr[u8], values)
    vectors[1].size = usize(results)
    vectors[1].data = cast(Ptr[u8], values)
    trap = capi.call_func(func, vectors[0], vectors[1])
    if not is_null(trap):
        instance.trap = address(trap)
        instance.may_enter = False  # for ever
        instance.task = usize(0)  # which may end now
        raise Broken(Fault.GUEST, 0)


@kernel
def call_apart(instance: Instance, func: usize, values: Ptr[CoreValue], count: u32, results: u32) -> None:
    """The same in a task of its own, as `realloc` and destructors run (CanonicalABI, `reallocate`)."""
    task = stack_array(Task, 1)[0]
    task.form = u32(Form.PLAIN)
    task.first = u32(0)
    task.second = u32(0)
    before = instance.task
    instance.task = address(task)
    call_core(instance, func, values, count, results)
    instance.task = before


@kernel
def allocate(call: Call, alignment: u32, size: u64) -> u32:
    """Room in the guest's memory (CanonicalABI, `realloc` in "Storing")."""
    if size > 0xFFFF_FFFF:
        raise Broken(Fault.REALLOC_BOUNDS, 0)
    values = stack_array(CoreValue, 4)
    put_i32(values[0], u32(0))
    put_i32(values[1], u32(0))
    put_i32(values[2], alignment)
    put_i32(values[3], u32(size))
    call.instance.may_leave = False
    call_apart(call.instance, call.realloc, values, u32(4), u32(1))
    call.instance.may_leave = True
    look_at_memory(call)
    pointer = u32(values[0].bits)
    if pointer & (alignment - 1) != 0:
        raise Broken(Fault.REALLOC_ALIGNMENT, 0)
    if u64(pointer) + size > call.size:
        raise Broken(Fault.REALLOC_BOUNDS, 0)
    return pointer


@kernel(inline=True)
def put_i32(value: CoreValue, number: u32) -> None:
    value.kind = VAL_I32
    value.bits = u64(number)


@kernel
def check_area(call: Call, pointer: u32, size: u32, alignment: u32) -> None:
    """A pointer to arguments or results."""
    if pointer & (alignment - 1) != 0:
        raise Broken(Fault.POINTER_ALIGNMENT, 0)
    if u64(pointer) + u64(size) > call.size:
        raise Broken(Fault.POINTER_BOUNDS, 0)
