"""Calls from component to component that do not go through Python: they give what those give that do."""

import gc
from typing import Any
from unittest.mock import patch

import pytest

import fusee
from fusee import Config, Engine, Store, Trap
from fusee.component import Component, Linker
from fusee.component.adapters.assembler import TooLargeError
from fusee.component.adapters.call import EXPORT, Call, Side
from fusee.component.adapters.function import make_adapter
from fusee.component.items import FuncType
from fusee.component.types.composite import ListType, OptionType, TupleType, VariantType
from fusee.component.types.primitive import U8, Bool, Char, String
from fusee.component.types.valtype import ValType, intern
from tests.component.adapterfuzz import Both, check, through_python, with_adapters
from tests.component.samples import CHAIN, COMPOSED

REALLOC = '(func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))'


def two(
    ty: str, core: str, inner: str, run: str, outer: str = "", options: str = "", realloc: str = REALLOC,
    callee_realloc: str = REALLOC,
) -> str:  # fmt: skip
    """Two components: `run` of the outer one calls `f` of the inner one, of a type and a core type.

    `inner` has `f`, `run` is instructions, which have `$x`, `outer` more of the outer one's core module.
    """
    memory = "(memory $memory) (realloc $realloc)"
    return f"""(component
      (import "echo" (func $host (param "value" u32) (result u32)))
      (component $inner
        (import "echo" (func $host (param "value" u32) (result u32)))
        (core func $echo (canon lower (func $host)))
        (core module $m (import "" "echo" (func $echo (param i32) (result i32)))
          (memory (export "memory") 1) {callee_realloc} {inner})
        (core instance $i (instantiate $m (with "" (instance (export "echo" (func $echo))))))
        (alias core export $i "memory" (core memory $memory))
        (alias core export $i "realloc" (core func $realloc))
        (func (export "f") {ty} (canon lift (core func $i "f") {memory} {options})))
      (component $outer
        (import "f" (func $f {ty}))
        (core module $l (memory (export "memory") 1) {realloc})
        (core instance $l (instantiate $l))
        (alias core export $l "memory" (core memory $memory))
        (alias core export $l "realloc" (core func $realloc))
        (core func $x (canon lower (func $f) {memory}))
        (core module $m (import "" "f" (func $x {core})) (import "l" "memory" (memory 1)) {outer}
          (func (export "run") (param $a i32) (param $b i32) (result i32) {run}))
        (core instance $i (instantiate $m (with "l" (instance $l)) (with "" (instance (export "f" (func $x))))))
        (func (export "run") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "run"))))
      (instance $i (instantiate $inner (with "echo" (func $host))))
      (instance $o (instantiate $outer (with "f" (func $i "f"))))
      (alias export $o "run" (func $run)) (export "run" (func $run))
      (alias export $i "f" (func $f)) (export "f" (func $f)))"""


@pytest.mark.parametrize("seed", range(60))
def test_random_types(seed: int) -> None:
    assert check(seed)


# Handles.


def test_handles_go_from_table_to_table() -> None:
    both = Both(COMPOSED)
    assert both.outcome("sum", 3, 4).startswith("211; 211")
    for name, args in (("after-drop", ()), ("twice", ()), ("index", (0,)), ("index", (7,))):
        assert both.outcome(name, *args).startswith("trap unknown handle index")


def test_borrows_are_lent_as_long_as_a_call_lasts() -> None:
    def told(way: Any) -> list[Any]:
        both = Both(CHAIN)
        with way():
            instance, store = both.instantiate([])
        names = ("give", "look", "keep", "release", "hold")
        give, look, keep, release, hold = (instance.get_func(store, name) for name in names)
        assert give and look and keep and release and hold
        first, second = give(store, 5), give(store, 6)
        found: list[Any] = [look(store, first), look(store, second), keep(store, second), release(store)]
        with pytest.raises(Trap) as caught:
            hold(store, first)
        return [*found, caught.value.message]

    assert told(with_adapters) == told(through_python) == [
        105, 106, None, None, "borrow handles still remain at the end of the call",
    ]  # fmt: skip


def test_what_is_lent_cannot_be_given_away_in_the_same_call() -> None:
    inner = """
      (type $r' (resource (rep i32)))
      (export $r "r" (type $r'))
      (core func $new (canon resource.new $r'))
      (core module $m (import "" "new" (func $new (param i32) (result i32)))
        (func (export "make") (result i32) (call $new (i32.const 7)))
        (func (export "both") (param i32 i32)) (func (export "add") (param i32 i32) (result i32)
          (i32.add (local.get 0) (local.get 1))))
      (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
      (func (export "make") (result (own $r)) (canon lift (core func $i "make")))
      (func (export "add") (param "a" (borrow $r)) (param "b" (borrow $r)) (result u32)
        (canon lift (core func $i "add")))
      (func (export "both") (param "a" (borrow $r)) (param "b" (own $r)) (canon lift (core func $i "both")))"""
    outer = """
      (import "i" (instance $i (export "r" (type $r (sub resource)))
        (export "make" (func (result (own $r))))
        (export "add" (func (param "a" (borrow $r)) (param "b" (borrow $r)) (result u32)))
        (export "both" (func (param "a" (borrow $r)) (param "b" (own $r))))))
      (core func $make (canon lower (func $i "make")))
      (core func $add (canon lower (func $i "add")))
      (core func $both (canon lower (func $i "both")))
      (core module $m (import "" "make" (func $make (result i32)))
        (import "" "add" (func $add (param i32 i32) (result i32))) (import "" "both" (func $both (param i32 i32)))
        (func (export "add") (result i32) (local $h i32)
          (local.set $h (call $make)) (call $add (local.get $h) (local.get $h)))
        (func (export "both") (result i32) (local $h i32)
          (local.set $h (call $make)) (call $both (local.get $h) (local.get $h)) (i32.const 0)))
      (core instance $m (instantiate $m (with "" (instance
        (export "make" (func $make)) (export "add" (func $add)) (export "both" (func $both))))))
      (func (export "add") (result u32) (canon lift (core func $m "add")))
      (func (export "both") (result u32) (canon lift (core func $m "both")))"""
    both = Both(f"""(component (component $inner {inner}) (component $outer {outer})
      (instance $i (instantiate $inner)) (instance $o (instantiate $outer (with "i" (instance $i))))
      (export "add" (func $o "add")) (export "both" (func $o "both")))""")
    assert both.outcome("add").startswith("14; 14")
    assert both.outcome("both").startswith("trap cannot remove owned resource while borrowed")


def test_a_component_drops_what_it_has_lent_to_one_in_it() -> None:
    """The inner one calls the outer one while it has the handle."""
    text = """(component
      (core module $t (table (export "t") 1 funcref)
        (func (export "f") (call_indirect (param i32) (i32.const 1) (i32.const 0))))
      (core instance $t (instantiate $t))
      (func $f (canon lift (core func $t "f")))
      (component $inner
        (import "f" (func $f))
        (type $r' (resource (rep i32)))
        (export $r "r" (type $r'))
        (core func $new (canon resource.new $r'))
        (core func $f' (canon lower (func $f)))
        (core module $m (import "" "new" (func $new (param i32) (result i32))) (import "" "f" (func $f))
          (func (export "make") (result i32) (call $new (i32.const 7)))
          (func (export "use") (param i32) (call $f)))
        (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "f" (func $f'))))))
        (func (export "make") (result (own $r)) (canon lift (core func $i "make")))
        (func (export "use") (param "a" (borrow $r)) (canon lift (core func $i "use"))))
      (instance $i (instantiate $inner (with "f" (func $f))))
      (alias export $i "r" (type $r))
      (core func $make (canon lower (func $i "make")))
      (core func $use (canon lower (func $i "use")))
      (core func $drop (canon resource.drop $r))
      (core module $m (import "" "make" (func $make (result i32))) (import "" "use" (func $use (param i32)))
        (import "" "drop" (func $drop (param i32))) (import "t" "t" (table 1 funcref))
        (elem (i32.const 0) func $drop)
        (func (export "run") (call $use (call $make))))
      (core instance $m (instantiate $m (with "t" (instance $t)) (with "" (instance
        (export "make" (func $make)) (export "use" (func $use)) (export "drop" (func $drop))))))
      (func (export "run") (canon lift (core func $m "run"))))"""
    assert Both(text).outcome("run").startswith("trap cannot remove owned resource while borrowed")


# Sizes and places that are wrong.


SINK = '(func (export "f") (param i32 i32) (result i32) (local.get 1))'
LIST = "(param i32 i32) (result i32)"
LISTS = '(param "value" (list {})) (result u32)'


@pytest.mark.parametrize(
    ("element", "pointer", "length", "message"),
    [
        ("u8", 0, 1 << 28, "list content too long"),
        ("u8", 65536, 0, "0; 0"),
        ("u8", 65535, 2, "list pointer/length out of bounds of memory"),
        ("u8", 0xFFFF_FFFF, 1, "list pointer/length out of bounds of memory"),
        ("u64", 0, 0xFFFF_FFFF, "list content too long"),
        ("u64", 4, 1, "list pointer is not aligned"),
        ("u64", 65528, 1, "1; 1"),
        ("u64", 65536, 1, "list pointer/length out of bounds of memory"),
        ("(tuple u64 u8)", 0, 0x1000_0001, "list content too long"),
        ("string", 65532, 1, "list pointer/length out of bounds of memory"),
        ("string", 2, 0, "list pointer is not aligned"),
    ],
)
def test_lists_that_are_not_where_they_should_be(element: str, pointer: int, length: int, message: str) -> None:
    both = Both(two(LISTS.format(element), LIST, SINK, "(call $x (local.get $a) (local.get $b))"))
    found = both.outcome("run", pointer, length)
    assert found.removeprefix("trap ").startswith(message)
    assert found.startswith("trap") is not message[0].isdigit()


def test_lists_that_are_all_at_one_place() -> None:
    """A list of 500 lists that are itself: more elements than there is room for."""
    fill = """(local $i i32)
      (loop $more
        (i32.store (local.get $i) (i32.const 0)) (i32.store offset=4 (local.get $i) (i32.const 500))
        (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 4000))))
      (call $x (i32.const 0) (i32.const 500))"""
    bump = """(global $top (mut i32) (i32.const 0))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $top (i32.add (global.get $top) (local.get 3)))
        (i32.sub (global.get $top) (local.get 3)))"""
    both = Both(two(LISTS.format("(list (tuple u32 u32))"), LIST, SINK, fill, callee_realloc=bump))
    assert both.outcome("run", 0, 0).startswith("trap realloc return: beyond end of memory")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("(i32.const 3)", "realloc return: result not aligned"),
        ("(i32.const 65536)", "realloc return: beyond end of memory"),
        ("(i32.const -8)", "realloc return: beyond end of memory"),
        ("(i32.const 65520)", "2; 2"),
        ("(unreachable)", "wasm `unreachable` instruction executed"),
    ],
)
def test_reallocs_that_lie(given: str, message: str) -> None:
    """The callee's for arguments, the caller's for a result."""
    lying = f'(func (export "realloc") (param i32 i32 i32 i32) (result i32) {given})'
    core, call = LIST, "(call $x (i32.const 64) (i32.const 2))"
    both = Both(two(LISTS.format("u64"), core, SINK, call, callee_realloc=lying))
    assert both.outcome("run", 0, 0).removeprefix("trap ").startswith(message)
    giving = '(func (export "f") (result i32) (i32.store offset=12 (i32.const 0) (i32.const 2)) (i32.const 8))'
    call = "(call $x (i32.const 256)) (i32.load offset=4 (i32.const 256))"
    both = Both(two("(result (list u64))", "(param i32)", giving, call, realloc=lying))
    assert both.outcome("run", 0, 0).removeprefix("trap ").startswith(message)


# Who may enter and leave, what is thrown, what stops.


CALL = "(call $x (local.get $a))"
NUMBER = '(param "value" u32) (result u32)', "(param i32) (result i32)"


def test_what_the_callee_traps_with() -> None:
    inner = '(func (export "f") (param i32) (result i32) (i32.div_u (i32.const 6) (local.get 0)))'
    both = Both(two(*NUMBER, inner, CALL))
    assert both.outcome("run", 2, 0).startswith("3; 3")
    assert both.outcome("run", 0, 0).startswith(
        "trap integer divide by zero (INTEGER_DIVISION_BY_ZERO); trap cannot enter component instance"
    )
    instance, store = both.instantiate([])
    run, function = instance.get_func(store, "run"), instance.get_func(store, "f")
    assert run is not None and function is not None
    with pytest.raises(Trap) as caught:
        run(store, 0, 0)
    assert [frame.func_name for frame in caught.value.frames][1:2] == [EXPORT]
    with pytest.raises(Trap, match="cannot enter component instance"):
        function(store, 1)  # as the host calls it


def test_a_component_that_waits_is_not_entered() -> None:
    """The host calls the inner one, which calls the host, which calls the outer one, which calls the inner one."""
    inner = '(func (export "f") (param i32) (result i32) (call $echo (local.get 0)))'
    outcomes = []
    for way in (with_adapters, through_python):
        both = Both(two(*NUMBER, inner, CALL))
        found: list[Any] = []
        both._functions["echo"] = lambda store, value, found=found: found[0](store, value, 0)
        with way():
            instance, store = both.instantiate([])
        found.append(instance.get_func(store, "run"))
        func = instance.get_func(store, "f")
        assert func is not None
        with pytest.raises(Trap) as caught:
            func(store, 1)
        outcomes.append((caught.value.message, caught.value.trap_code))
    assert outcomes[0] == outcomes[1] == ("cannot enter component instance", fusee.TrapCode.CANNOT_ENTER_COMPONENT)


def test_neither_realloc_nor_post_return_leaves() -> None:
    leaving = "(drop (call $echo (i32.const 1)))"
    realloc = f'(func (export "realloc") (param i32 i32 i32 i32) (result i32) {leaving} (i32.const 1024))'
    call = "(call $x (i32.const 64) (i32.const 2))"
    both = Both(two(LISTS.format("u64"), LIST, SINK, call, callee_realloc=realloc))
    message = "trap cannot leave component instance (CANNOT_LEAVE_COMPONENT); trap cannot enter component instance"
    assert both.outcome("run", 0, 0).startswith(message)
    inner = f'(func (export "f") (param i32) (result i32) (local.get 0)) (func (export "after") (param i32) {leaving})'
    both = Both(two(*NUMBER, inner, CALL, options='(post-return (func $i "after"))'))
    assert both.outcome("run", 0, 0).startswith(message)


def test_post_return_is_given_what_the_function_gave() -> None:
    inner = """(func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 0x100)))
      (func (export "after") (param i32) (if (i32.ne (local.get 0) (i32.const 0x107)) (then unreachable)))"""
    ty, options = '(param "value" u32) (result u8)', '(post-return (func $i "after"))'
    both = Both(two(ty, NUMBER[1], inner, CALL, options=options))
    assert both.outcome("run", 7, 0).startswith("7; 7")
    assert both.outcome("run", 8, 0).startswith("trap wasm `unreachable`")


def test_exceptions_end_at_the_border() -> None:
    throwing = '(tag $t (param i32)) (func (export "f") (param i32) (result i32) (throw $t (i32.const 5)))'
    catching = "(block $caught (try_table (catch_all $caught) (return (call $x (local.get $a))))) (i32.const 9)"
    found = Both(two(*NUMBER, throwing, catching)).outcome("run", 1, 0)
    assert found.startswith("trap an exception of the guest's crosses the border of its component")


# What an adapter costs, and where there is none.


def made(text: str, config: Config | None = None) -> tuple[Component, Store, Linker]:
    """A component, and what makes it alive."""
    engine = Engine(config)
    linker = Linker(engine)
    with linker.root() as root:
        root.add_func("echo", lambda store, value: value)
    return Component(engine, text), Store(engine), linker


FLAGS = two(LISTS.format("bool"), LIST, SINK, "(call $x (i32.const 0) (local.get $a))")


@pytest.mark.parametrize("strategy", ["native", "tiered"])
def test_native_code_calls_adapters(strategy: str) -> None:
    config = Config()
    config.strategy = strategy
    component, store, linker = made(FLAGS, config)
    with with_adapters():
        run = linker.instantiate(store, component).get_func(store, "run")
    assert run is not None and [run(store, count, 0) for count in range(100)] == [*range(100)]


def test_copying_takes_fuel() -> None:
    config = Config()
    config.consume_fuel = True
    component, store, linker = made(FLAGS, config)
    store.set_fuel(100_000)
    instance = linker.instantiate(store, component)
    run = instance.get_func(store, "run")
    assert run is not None and run(store, 5, 0) == 5
    left = store.get_fuel()
    assert run(store, 105, 0) == 105 and left - store.get_fuel() > 500
    with pytest.raises(Trap) as caught:
        run(store, 60_000, 0)
    assert caught.value.trap_code == fusee.TrapCode.OUT_OF_FUEL
    with pytest.raises(Trap, match="cannot enter"):
        run(store, 1, 0)


def test_a_store_that_is_closed() -> None:
    component, store, linker = made(FLAGS)
    run = linker.instantiate(store, component).get_func(store, "run")
    assert run is not None and run(store, 5, 0) == 5
    store.close()
    gc.collect()
    with pytest.raises(ValueError, match="closed"):
        run(store, 5, 0)


def test_an_engine_without_what_adapters_are_made_of() -> None:
    config = Config()
    config.wasm_multi_memory = False
    component, store, linker = made(FLAGS, config)
    with patch("fusee.component.adapters.imports.Instance") as instance:
        run = linker.instantiate(store, component).get_func(store, "run")
    assert run is not None and run(store, 5, 0) == 5
    assert not instance.called


def test_each_is_written_once() -> None:
    component, store, linker = made(FLAGS)
    with patch("fusee.component.adapters.function.make_adapter", wraps=make_adapter) as writing:
        for _ in range(3):
            linker.instantiate(store, component)
    assert writing.call_count == 1


def test_adapters_that_would_be_too_large() -> None:
    component, store, linker = made(FLAGS)
    with patch("fusee.component.adapters.cache.MOST_BYTES", 100):
        run = linker.instantiate(store, component).get_func(store, "run")
    assert run is not None and run(store, 5, 0) == 5


def side(ty: ValType) -> Side:
    """A function that takes and gives a type."""
    return Side(FuncType._of((("value", ty),), ty, False), "utf8", True, True)


def test_types_that_double_make_small_adapters() -> None:
    """Tuples of two of the one before, and variants: 2²⁰ parts, if each were written."""
    pairs: ValType = Bool()
    for _ in range(20):
        pairs = intern(TupleType, (pairs, pairs))
    cases: ValType = Char()
    for number in range(14):
        cases = intern(VariantType, (("a", cases), ("b", intern(TupleType, (cases,))), (f"c{number}", None)))
    deep: ValType = String()
    for _ in range(90):
        deep = intern(ListType, intern(OptionType, deep), None)
    for ty in (pairs, cases, deep):
        with pytest.raises(TooLargeError):
            make_adapter(Call(side(ty), side(ty), False, 1, False), 300)
        assert len(make_adapter(Call(side(ty), side(ty), False, 1, False), 1 << 20).binary) < 50_000


def test_a_variant_of_too_many_types() -> None:
    arrays = [intern(ListType, U8(), length) for length in range(1, 1100)]
    ty = intern(VariantType, tuple((f"c{number}", array) for number, array in enumerate(arrays)))
    with pytest.raises(TooLargeError):
        make_adapter(Call(side(ty), side(ty), False, 1, False), 1 << 30)


@pytest.mark.parametrize("group", ["(rec {} (type $other (struct)))", "{}"])
def test_the_type_of_a_core_function_may_be_one_of_many(group: str) -> None:
    """The canonical ABI asks for parameters and results only: such a call goes through Python."""
    form = "(func (param i32 i32) (result i32))" if "rec" in group else "(sub (func (param i32 i32) (result i32)))"
    inner = group.format(f"(type $t {form})") + '(func (export "f") (type $t) (local.get 1))'
    text = two(
        '(param "s" string) (result u32)', "(param i32 i32) (result i32)", inner,
        "(call $x (local.get $a) (local.get $b))",
    )  # fmt: skip
    instance, store = Both(text).instantiate([])
    run = instance.get_func(store, "run")
    assert run is not None
    assert [run(store, 0, size) for size in (3, 40_000)] == [3, 40_000]


def test_components_inside_of_one_share_its_adapters() -> None:
    """Else a file of some kilobytes could have as many written as it makes of its components."""
    made = []

    def counted(*given: Any) -> Any:
        made.append(given)
        return make_adapter(*given)

    text = two("(result u32)", "(result i32)", '(func (export "f") (result i32) (i32.const 7))', "(call $x)")
    for name in ("p", "q"):
        text = f"""{text.removesuffix(")")}
          (instance ${name} (instantiate $outer (with "f" (func $f))))
          (alias export ${name} "run" (func ${name}-run)) (export "{name}" (func ${name}-run)))"""
    with patch("fusee.component.adapters.function.make_adapter", counted), with_adapters():
        instance, store = Both(text).instantiate([])
    for name in ("run", "p", "q"):
        function = instance.get_func(store, name)
        assert function is not None
        assert function(store, 0, 0) == 7
    assert len(made) == 1
