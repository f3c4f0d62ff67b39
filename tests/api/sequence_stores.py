"""Actions on stores, on what is closed and forgotten, and on anything."""

import copy
import gc
import pickle

import fusee
from fusee import FuncType
from tests.api.sequence_actions import action, expect
from tests.api.sequence_world import FUEL, MOST_BYTES, World


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
