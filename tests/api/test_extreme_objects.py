"""Objects at the limits: the longest chains of types, cycles that lead through Python, types whose modules are gone."""

import gc
import weakref

import pytest

from fusee import Engine, Module, Store, StructRef, ValidationError
from tests.api.guest import Guest, engine

MOST_DEPTH = 63  # how many supertypes a type may have (JavaScript API, limits)


def chain(length: int) -> str:
    """Types of structures, each a subtype of the one before, with a field of its number."""
    types = ["(type $t0 (sub (struct (field i32))))"]
    types += [f"(type $t{n} (sub $t{n - 1} (struct (field i32))))" for n in range(1, length)]
    return "\n".join(types)


def deepest(depth: int) -> str:
    """`make` gives a structure of each depth, `is` says whether one is of each type, `cast` insists on the deepest."""
    numbers = range(depth + 1)
    labels = " ".join(map(str, numbers))
    blocks = "(block " * (depth + 1) + f"(br_table {labels} (local.get 0))" + ")"
    making = " ".join(f"(return (struct.new $t{n} (i32.const {n}))))" for n in numbers[:-1])
    testing = " ".join(
        f"(local.set $bits (i64.or (local.get $bits) (i64.shl "
        f"(i64.extend_i32_u (ref.test (ref $t{n}) (local.get 0))) (i64.const {n}))))"
        for n in numbers
    )
    return f"""(module {chain(depth + 1)}
      (func (export "make") (param i32) (result anyref)
        {blocks} {making} (struct.new $t{depth} (i32.const {depth})))
      (func (export "is") (param anyref) (result i64) (local $bits i64) {testing} (local.get $bits))
      (func (export "cast") (param anyref) (result i32)
        (struct.get $t{depth} 0 (ref.cast (ref $t{depth}) (local.get 0)))))"""


def test_the_deepest_type() -> None:
    g = Guest(deepest(MOST_DEPTH))
    for depth in (0, 1, 31, 32, 62, 63):
        made = g.make(depth)
        assert g["is"](g.store, made) % 2**64 == 2 ** (depth + 1) - 1
        if depth == MOST_DEPTH:
            assert g.cast(made) == depth
        else:
            with pytest.raises(Exception, match="cast failure"):
                g.cast(made)
    with pytest.raises(ValidationError):
        Module(engine(), f"(module {chain(MOST_DEPTH + 2)})")


KEEPING = """(module
  (type $box (struct (field (mut externref)) (field (mut (ref null $box)))))
  (global $kept (mut (ref null $box)) (ref.null $box))
  (func (export "keep") (param externref) (result anyref)
    (global.set $kept (struct.new $box (local.get 0) (global.get $kept)))
    (global.get $kept)))"""


class Thing:
    """Something of Python's that refers to what a guest has given."""

    held: object = None


def test_a_store_that_its_objects_refer_to_through_python_ends() -> None:
    """The guest holds things, which hold the guest's objects, and so the store."""
    things = []
    stores = []
    for _ in range(3):
        g = Guest(KEEPING)
        for _ in range(5):
            thing = Thing()
            thing.held = g.keep(thing)
            things.append(weakref.ref(thing))
        stores.append(weakref.ref(g.store))
        del g, thing
    gc.collect()
    assert [store() for store in stores] == [None] * 3
    assert [thing() for thing in things] == [None] * 15


POINTS = '(module (type $p (struct (field i32))) (func (export "new") (result anyref) (struct.new $p (i32.const 5))))'
OTHERS = """(module (type $q (struct (field i64)))
  (func (export "is") (param anyref) (result i32) (ref.test (ref $q) (local.get 0)))
  (func (export "new") (result anyref) (struct.new $q (i64.const 6))))"""


def test_an_object_whose_module_is_gone_is_of_no_later_type() -> None:
    """Its type's number is not given to another one as long as its store lives."""
    own = Engine()
    store = Store(own)
    first = Guest(POINTS, [], store)
    point = first.new()
    del first
    gc.collect()
    store.gc()
    for _ in range(20):
        later = Guest(OTHERS, [], store)
        assert later["is"](store, point) == 0
        assert later["is"](store, later.new()) == 1
        Module(own, OTHERS.replace("i64", "f64"))  # types that end at once
        gc.collect()
    assert isinstance(point, StructRef)
    assert point.field(store, 0) == 5
