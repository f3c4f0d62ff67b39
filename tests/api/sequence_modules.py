"""Actions on modules and instances, linkers and functions."""

from typing import Any, Final

import fusee
from fusee import FuncType, MemoryType, TagType
from tests.api.sequence_actions import NUMBERS_TYPE, OBJECTS_TYPE, VALUE_TYPES, action, expect, kind_of
from tests.api.sequence_world import FUEL, World, binaries

IMPORTED: Final = {
    "number": "func", "object": "func", "tag": "tag", "memory": "memory", "functions": "table", "count": "global",
    "shared": "shared",
}  # fmt: skip
"""What the modules import from `host`, by name."""


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
