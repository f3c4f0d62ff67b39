"""Actions on memories, tables, globals, objects and exceptions."""

import fusee
from fusee import FuncType, GlobalType, Limits, MemoryType, TableType, TagType
from tests.api.sequence_actions import VALUE_TYPES, action, expect
from tests.api.sequence_world import World


@action(3)
def new_thing(world: World) -> None:
    store, choice = world.store(), world.choice.randrange(5)
    limits = Limits(world.choice.randrange(4), world.choice.choice([None, 0, 4, 2**16]))
    if choice == 0:
        world.keep("memory", fusee.Memory(store, MemoryType(limits)), store)
    elif choice == 1:
        kind = world.choice.choice(VALUE_TYPES[-3:])
        world.keep("table", fusee.Table(store, TableType(kind, limits), world.value(kind)), store)
    elif choice == 2:
        kind = world.choice.choice(VALUE_TYPES)
        world.keep("global", fusee.Global(store, GlobalType(kind, world.chance(0.8)), world.value(kind)), store)
    elif choice == 3:
        kinds = FuncType([world.choice.choice(VALUE_TYPES) for _ in range(world.choice.randrange(3))], [])
        world.keep("tag", fusee.Tag(store, TagType(kinds)), store)
    else:
        shared = MemoryType(Limits(1, 4), shared=True)
        world.keep("shared", fusee.SharedMemory(world.engine(), shared))


@action(8)
def use_memory(world: World) -> None:
    memory, store = world.pick("memory")
    choice, at = world.choice.randrange(8), world.number()
    if choice < 2:
        memory.write(store, b"01234567", at)
        expect(at < 0 or memory.read(store, at, at + 8) == b"01234567", "what was written")
    elif choice == 2:
        expect(len(memory.read(store, at, world.number())) <= memory.data_len(store), "what can be read")
    elif choice == 3:
        before = memory.grow(store, world.choice.choice([0, 1, 1, 2, 2**16, 2**32]))
        expect(memory.size(store) >= before, "it has grown")
    elif choice == 4:
        world.keep("view", memory.buffer(store), store)
    elif choice == 5:
        world.keep("view", memory.get_buffer_ptr(store, *([at, world.number()] if world.chance(0.5) else [])), store)
    elif choice == 6:
        pointer, size = memory.data_ptr(store), memory.data_len(store)
        if size:
            pointer[size - 1] = pointer[0]
    else:
        expect(memory.size(store) * memory.page_size(store) == memory.data_len(store), "sizes")


@action(5)
def use_view(world: World) -> None:
    """Views stay valid whatever became of their memory."""
    view = world.one("view")
    if isinstance(view, memoryview) and world.chance(0.1):
        view.release()
        return
    size = len(view)
    if size:
        at = world.choice.choice([0, size // 2, size - 1])
        view[at] = 77
        expect(view[at] == 77, "a byte")


@action(2)
def use_shared(world: World) -> None:
    memory = world.one("shared")
    pointer, size = memory.data_ptr(), memory.data_len()
    pointer[size - 1] = pointer[0]
    expect(memory.grow(world.choice.choice([0, 1, 2**16])) <= 4 and memory.data_len() >= size, "it grows")


@action(6)
def use_table(world: World) -> None:
    table, store = world.pick("table")
    choice, at = world.choice.randrange(4), world.choice.choice([0, 0, 1, 2, 7, world.number()])
    if choice == 0:
        found = table.get(store, at)
        if isinstance(found, fusee.Func):
            world.keep("func", found, store)
    elif choice == 1:
        table.set(store, at, world.value(table.type(store).element))
    elif choice == 2:
        before = table.size(store)
        expect(table.grow(store, world.choice.choice([0, 1, 3, 2**31]), None) == before, "the size before")
    else:
        expect(table.size(store) >= table.type(store).limits.min, "the size")


@action(6)
def use_global(world: World) -> None:
    made, store = world.pick("global")
    if world.chance(0.5):
        kind = made.type(store).content
        value = world.value(kind)
        made.set_value(store, value)
        if str(kind) == "i64" and type(value) is int:
            expect(made.value(store) % 2**64 == value % 2**64, "what was set")
    else:
        made.value(store)
        expect(all(0 <= slot < 2**64 for slot in made.value_raw(store)), "slots")


@action(5)
def use_object(world: World) -> None:
    made, store = world.pick("object")
    at = world.choice.choice([0, 0, 1, 2, world.number()])
    if isinstance(made, fusee.ArrayRef):
        if world.chance(0.5):
            made.set(store, at, world.anything())
        else:
            expect(isinstance(made.get(store, at), int), "an element")
    elif world.chance(0.5):
        made.set_field(store, at, world.anything())
    else:
        made.field(store, at)


@action(2)
def new_object(world: World) -> None:
    made, store = world.pick("object")
    kind = made.type(store)
    other: fusee.StructRef | fusee.ArrayRef
    if isinstance(kind, fusee.StructType):
        other = fusee.StructRef.new(store, kind, [world.number(), made, world.anything()])
    elif world.chance(0.5):
        other = fusee.ArrayRef.filled(store, kind, world.number(), world.choice.choice([0, 1, 100, 2**20]))
    else:
        other = fusee.ArrayRef.new(store, kind, [world.number() for _ in range(world.choice.randrange(5))])
    world.keep("object", other, store)


@action(2)
def use_error(world: World) -> None:
    error = world.one("error")
    if isinstance(error, fusee.WasmException):
        world.keep("tag", error.tag)
        expect(isinstance(error.values, (list, tuple)), "the values of an exception")
    expect(isinstance(str(error), str), "a message")
