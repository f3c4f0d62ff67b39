"""What a random sequence of API calls is made of: each action is a call or two, and checks what must come of it."""

import copy
import gc
import pickle
from collections.abc import Callable
from typing import Any, Final

import fusee
from fusee import FuncType, GlobalType, Limits, MemoryType, TableType, TagType, ValType
from tests.api.sequence_world import FUEL, MOST_BYTES, World, Wrong, binaries

Action = Callable[[World], object]
ACTIONS: Final[list[Action]] = []
KINDS: Final = (
    (fusee.Func, "func"), (fusee.Memory, "memory"), (fusee.Table, "table"), (fusee.Global, "global"),
    (fusee.Tag, "tag"), (fusee.SharedMemory, "shared"),
)  # fmt: skip
IMPORTED: Final = {
    "number": "func", "object": "func", "tag": "tag", "memory": "memory", "functions": "table", "count": "global",
    "shared": "shared",
}  # fmt: skip
"""What the modules import from `host`, by name."""
NUMBERS_TYPE: Final = FuncType([ValType.i32()], [ValType.i32()])
OBJECTS_TYPE: Final = FuncType([ValType.externref()], [ValType.externref()])
VALUE_TYPES: Final = (
    ValType.i32(), ValType.i64(), ValType.f32(), ValType.f64(),
    ValType.externref(), ValType.funcref(), ValType.anyref(),
)  # fmt: skip


def action(weight: int) -> Callable[[Action], Action]:
    """Have it happen so often."""

    def add(function: Action) -> Action:
        ACTIONS.extend([function] * weight)
        return function

    return add


def kind_of(item: Any) -> str:
    return next(name for kind, name in KINDS if isinstance(item, kind))


def expect(condition: bool, what: str) -> None:
    if not condition:
        raise Wrong(what)


# Stores, engines and their end


@action(4)
def new_store(world: World) -> None:
    engine = world.engine()
    store = world.keep("store", fusee.Store(engine, data="data"))
    if world.chance(0.9):
        store.set_limits(MOST_BYTES, 1000, 20, 20, 20, MOST_BYTES)
    if world.chance(0.9):
        world.keep("context", fusee.StoreContext(store), store)


@action(3)
def limit_store(world: World) -> None:
    store = world.one("store")
    choice = world.choice.randrange(7)
    if choice == 0:
        store.set_limits(*(world.choice.choice([-1, 0, 1, 1000, MOST_BYTES]) for _ in range(6)))
    elif choice == 1:
        store.set_total_limits(world.choice.choice([0, 65536, MOST_BYTES]), world.choice.choice([0, 10, 1000]))
    elif choice == 2:
        store.set_fuel(world.choice.choice([0, 1, 50, FUEL]))
    elif choice == 3:
        expect(store.get_fuel() >= 0, "fuel")
    elif choice == 4:
        store.set_epoch_deadline(world.choice.choice([1, 2, 1000]))
    elif choice == 5:
        world.engine().increment_epoch()
    else:
        expect(store.data() in ("data", None), "data")


@action(3)
def collect(world: World) -> None:
    if world.chance(0.3):
        gc.collect()
    world.one("store").gc(*([world.number()] if world.chance(0.3) else []))


@action(1)
def end_store(world: World) -> None:
    store = world.one("store")
    if world.chance(0.3):
        store.end(world.choice.choice([0, 1, 100]))
    elif world.chance(0.5):
        with store:
            world.act(world)
    else:
        store.close()
        store.close()
    if world.chance(0.9):
        new_store(world)


@action(2)
def close_something(world: World) -> None:
    made = world.one(world.choice.choice(["module", "linker", "pre", "shared", "error"]))
    if world.chance(0.3):
        with made:
            world.act(world)
    else:
        made.close()


@action(4)
def forget(world: World) -> None:
    objects = world.kept[world.choice.choice(list(world.kept))]
    for _ in range(world.choice.choice([1, 1, len(objects)])):
        if objects:
            del objects[world.choice.randrange(len(objects))]


@action(2)
def look_at(world: World) -> None:
    made, store = world.pick(world.choice.choice([kind for kind in world.kept if kind != "view"]))
    choice = world.choice.randrange(4)
    if choice == 0:
        expect(copy.copy(made) is not None and isinstance(repr(made), str), "a copy")
    elif choice == 1:
        expect(made == made and (made != made) is False, "equality")
    elif choice == 2 and hasattr(made, "type") and not isinstance(made, fusee.SharedMemory):
        kind = made.type(store)
        expect(pickle.loads(pickle.dumps(kind)) == kind if isinstance(kind, FuncType) else bool(str(kind)), "a type")
    else:
        hash(made)


# Modules and instances


@action(4)
def new_module(world: World) -> None:
    module = fusee.Module(world.engine(), world.choice.choice(binaries()))
    if world.chance(0.2):
        module = fusee.Module.deserialize(world.engine(), module.serialize())
    world.keep("module", module)


def given_for(world: World, item: Any, store: Any) -> Any:
    """Something to import, mostly what fits."""
    if world.chance(0.05):
        return world.anything()
    if isinstance(item.type, FuncType) and (world.chance(0.7) or item.module != "host"):
        takes_caller = world.chance(0.5)
        return fusee.Func(store, item.type, world.host(item.type, takes_caller), takes_caller)
    if isinstance(item.type, TagType) and world.chance(0.7):
        return world.keep("tag", fusee.Tag(store, item.type), store)
    if isinstance(item.type, MemoryType) and item.name == "shared" and world.chance(0.5):
        return world.keep("shared", fusee.SharedMemory(world.engine(), item.type))
    return world.one(IMPORTED.get(item.name, "func"))


@action(8)
def instantiate(world: World) -> None:
    module, store = world.one("module"), world.store()
    imports = [given_for(world, item, store) for item in module.imports]
    keep_exports(world, fusee.Instance(store, module, imports), store)


def keep_exports(world: World, instance: fusee.Instance, store: Any) -> None:
    world.keep("instance", instance, store)
    exports = instance.exports(store)
    for name in exports:
        if world.chance(0.6):
            world.keep(kind_of(exports[name]), exports[name], store)


@action(3)
def link(world: World) -> None:
    if world.chance(0.4) or not world.kept.get("linker"):
        world.keep("linker", fusee.Linker(world.engine()))
    linker, store = world.one("linker"), world.store()
    choice = world.choice.randrange(7)
    if choice == 0:
        linker.define_wasi()
        world.one("store").set_wasi(fusee.WasiConfig())
    elif choice == 1:
        linker.allow_shadowing = world.chance(0.7)
        for name, kind in (("number", NUMBERS_TYPE), ("object", OBJECTS_TYPE)):
            linker.define_func("host", name, kind, world.host(kind, True), True)
    elif choice == 2:
        name = world.choice.choice(list(IMPORTED))
        made, own = world.pick(IMPORTED[name])
        linker.define(own, "host", name, made)
    elif choice == 3:
        linker.define_instance(store, world.choice.choice(["host", "other"]), world.one("instance"))
    elif choice == 4:
        linker.define_unknown_imports_as_traps(world.one("module"))
    elif choice == 5:
        linker.define_unknown_imports_as_default_values(store, world.one("module"))
    else:
        linker.define_module(store, world.choice.choice(["host", ""]), world.one("module"))


@action(4)
def instantiate_linked(world: World) -> None:
    linker, module, store = world.one("linker"), world.one("module"), world.store()
    if world.chance(0.6):
        keep_exports(world, linker.instantiate(store, module), store)
    elif world.chance(0.7):
        pre = world.keep("pre", linker.instantiate_pre(module))
        keep_exports(world, pre.instantiate(store), store)
    else:
        found = linker.get(store, "host", world.choice.choice(["number", "memory", "tag"]))
        world.keep(kind_of(found), found, store)


# Functions


@action(24)
def call(world: World) -> None:
    function, store = world.pick("func")
    kind = function.type(store)
    given = world.values(kind.params)
    if world.chance(0.03):
        given = given[:-1] if world.chance(0.5) else [*given, 1]
    if world.chance(0.5) and world.depth == 0:
        refuel(store)
    try:
        results = function(store, *given)
    except fusee.FuseeError as error:
        world.keep("error", error)
        expect(isinstance(str(error), str), "a message")
        if isinstance(error, fusee.Trap):
            expect(all(isinstance(repr(frame), str) for frame in error.frames), "frames")
        raise
    count = len(kind.results)
    expect((results is None) if count == 0 else count == 1 or len(results) == count, "the number of results")
    for result in [results] if count == 1 else results or ():
        if isinstance(result, (fusee.StructRef, fusee.ArrayRef)):
            world.keep("object", result, store)
        elif isinstance(result, fusee.Func):
            world.keep("func", result, store)


def refuel(store: Any) -> None:
    """Let a store whose engine has fuel and deadlines run on."""
    if isinstance(store, fusee.Store):
        try:
            store.set_fuel(FUEL)
            store.set_epoch_deadline(1000)
        except fusee.WasmtimeError:
            pass


@action(4)
def call_exactly(world: World) -> None:
    """What is known of results: sums, and identity."""
    instance, store = world.pick("instance")
    exports = instance.exports(store)
    refuel(store)
    expect(exports["add"](store, 2**31 - 1, 1) == -(2**31), "a sum")
    thing = object()
    expect(exports["same"](store, thing) is thing, "an object")
    expect(exports["same any"](store, thing) is thing, "an object as an anyref")
    expect(exports["same function"](store, exports["add"]) is not None, "a function")
    expect(exports["several"](store, 3, 0.25)[:2] == [0.25, 3], "several results")


@action(2)
def call_raw(world: World) -> None:
    function, store = world.pick("func")
    kinds = {str(kind) for kind in function.type(store).params}
    count = len(function.type(store).params) if kinds <= {"i32", "i64", "f32", "f64"} else 0
    expect(isinstance(function.call_raw(store, [world.number() % 2**64 for _ in range(count)]), list), "slots")


@action(3)
def new_func(world: World) -> None:
    kinds = [world.choice.choice(VALUE_TYPES) for _ in range(world.choice.randrange(4))]
    kind = world.choice.choice([NUMBERS_TYPE, OBJECTS_TYPE, FuncType(kinds, kinds[1:])])
    store, takes_caller = world.store(), world.chance(0.5)
    world.keep("func", fusee.Func(store, kind, world.host(kind, takes_caller), takes_caller), store)


# Memories, tables, globals


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


# Objects and exceptions


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
