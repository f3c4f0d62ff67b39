"""Which adapters are made for calls from component to component, how many, how large, and what they cost."""

import gc
from typing import Any
from unittest.mock import patch

import pytest

import fusee
from fusee import Config, Engine, Store, Trap
from fusee.component import Component, Linker
from fusee.component.adapters.assembler import TooLargeError
from fusee.component.adapters.call import Call, Side
from fusee.component.adapters.function import make_adapter
from fusee.component.items import FuncType
from fusee.component.runtime.handles import state_of
from fusee.component.types.composite import ListType, OptionType, TupleType, VariantType
from fusee.component.types.primitive import U8, Bool, Char, String
from fusee.component.types.valtype import ValType, intern
from tests.component.adapterfuzz import Both, with_adapters
from tests.component.twocomponents import LIST, LISTS, SINK, two


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


def test_a_store_that_is_closed_while_a_flag_is_looked_at() -> None:
    """By another thread: the flag is a word of the store's, which stays until then."""
    component, store, linker = made(FLAGS)
    run = linker.instantiate(store, component).get_func(store, "run")
    assert run is not None and run(store, 5, 0) == 5
    flag = state_of(store).with_flags[0].may_enter
    store.close()
    assert flag.value == 1
    assert store._end.alive
    del flag
    assert not store._end.alive


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
