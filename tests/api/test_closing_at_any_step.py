"""Reads of a store or module that is closed between any two steps of them: the right value, or a typed error."""

import ctypes
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from fusee import (
    Config,
    Engine,
    FuncType,
    Instance,
    Linker,
    Memory,
    Module,
    Store,
    Tag,
    Trap,
    ValType,
    WasmException,
)  # fmt: skip
from fusee.api.func import Caller, Func
from fusee.api.instance import export_of, function_index
from fusee.engine.state.module import Module as ModuleState
from fusee.engine.state.runtime import Func as FuncState
from fusee.engine.state.runtime import Global as GlobalState
from fusee.engine.state.runtime import Instance as InstanceState
from fusee.engine.state.runtime import Memory as MemoryState
from fusee.engine.state.runtime import Store as StoreState
from fusee.engine.state.runtime import Table as TableState
from fusee.engine.state.runtime import Tag as TagState
from fusee.kernel.layout import layout
from fusee.kernel.target import Target
from tests.api.guest import Guest
from tests.api.stepping import Ending, Stepper, steps_of

TEXT = """(module
  (type $pair (struct (field i32))) (import "" "start" (func $host (param i32)))
  (global (export "g") (mut i64) (i64.const 5)) (global (export "r") (mut externref) (ref.null extern))
  (memory (export "memory") 1 9) (memory (export "shared") 1 2 shared) (data (i32.const 0) "fusee")
  (table (export "t") 3 9 externref) (tag (export "tag") (param i32)) (table (export "functions") funcref (elem $one))
  (func $one (export "one") (result i32) (i32.const 1)) (export "host" (func $host))
  (func (export "trap") unreachable) (func (export "throw") (throw 0 (i32.const 7))))"""

_engine: list[Engine] = []


def engine() -> Engine:
    """One that counts fuel."""
    if not _engine:
        config = Config()
        config.consume_fuel = True
        _engine.append(Engine(config))
    return _engine[0]


class World(Guest):
    """A guest's store, which is zeroed when it has ended."""

    def __init__(self) -> None:
        store = Store(engine())
        store.set_fuel(1000)
        self.host = Func(store, FuncType([ValType.i32()], []), lambda number: None)
        super().__init__(TEXT, [self.host], store)
        self.x: dict[str, Any] = dict(self.instance.exports(store))
        self.x["t"].set(store, 1, "element")
        self.x["r"].set_value(store, "held")
        places: list[tuple[int, type]] = [(self.instance._address, InstanceState)]
        kinds = {"g": GlobalState, "r": GlobalState, "memory": MemoryState, "shared": MemoryState, "t": TableState,
                 "functions": TableState, "tag": TagState, "one": FuncState, "host": FuncState}  # fmt: skip
        places += [(self.x[name]._address, kind) for name, kind in kinds.items()]
        self.ending = Ending(store, [*places, (store._address, StoreState)])
        invoke = store._invoke

        def checked(*arguments: Any) -> int:
            assert not self.ending.ended, "a guest is called after the end"
            return invoke(*arguments)

        store._invoke = checked

    def anew(self, name: str) -> Any:
        """An export that nothing is known of yet."""
        return type(self.x[name])._from_address(self.store, self.x[name]._address)


def _raised(use: Callable[[], object]) -> str:
    with pytest.raises((Trap, WasmException)) as caught:
        use()
    error: Any = caught.value
    return f"{type(error).__name__} {len(error.frames)} {getattr(error, 'values', '')}"


USES: dict[str, Callable[[World, Store], object]] = {
    "global.value": lambda w, s: w.x["g"].value(s),
    "global.value of a reference": lambda w, s: w.x["r"].value(s),
    "global.value_raw": lambda w, s: w.x["g"].value_raw(s),
    "global.set_value": lambda w, s: w.x["g"].set_value(s, 6),
    "global.type": lambda w, s: w.x["g"].type(s),
    "table.get": lambda w, s: w.x["t"].get(s, 1),
    "table.get of a function": lambda w, s: str(w.x["functions"].get(s, 0).type(s)),
    "table.set": lambda w, s: w.x["t"].set(s, 1, "other"),
    "table.size": lambda w, s: w.x["t"].size(s),
    "table.type": lambda w, s: w.x["t"].type(s),
    "memory.read": lambda w, s: w.x["memory"].read(s, 0, 5),
    "memory.write": lambda w, s: w.x["memory"].write(s, b"other"),
    "memory.size": lambda w, s: w.x["memory"].size(s),
    "memory.data_len": lambda w, s: w.x["memory"].data_len(s),
    "memory.page_size": lambda w, s: w.x["memory"].page_size(s),
    "memory.type": lambda w, s: w.x["memory"].type(s),
    "memory.buffer": lambda w, s: bytes(w.x["memory"].buffer(s)[:5]),
    "memory.data_ptr": lambda w, s: w.x["memory"].data_ptr(s)[:5],
    "memory.get_buffer_ptr": lambda w, s: bytes(w.x["memory"].get_buffer_ptr(s, 4, 1)),
    "a memory that was not read before": lambda w, s: Memory._from_address(s, w.x["memory"]._address).read(s, 0, 5),
    "shared.type": lambda w, s: w.x["shared"].type(),
    "shared.size": lambda w, s: w.x["shared"].size(),
    "shared.data_len": lambda w, s: w.x["shared"].data_len(),
    "shared.data_ptr": lambda w, s: w.x["shared"].data_ptr()[:1],
    "func.type": lambda w, s: str(w.anew("one").type(s)),
    "func.type of the host's": lambda w, s: str(w.anew("host").type(s)),
    "func's representation": lambda w, s: repr(w.anew("one")),
    "a call": lambda w, s: w.x["one"](s),
    "call_raw": lambda w, s: w.anew("one").call_raw(s, []),
    "a call of the host's": lambda w, s: w.anew("host")(s, 1),
    "a trap": lambda w, s: _raised(lambda: w.x["trap"](s)),
    "an exception": lambda w, s: _raised(lambda: w.x["throw"](s)),
    "tag.type": lambda w, s: str(Tag._from_address(s, w.x["tag"]._address).type(s)),
    "exports": lambda w, s: [type(w.instance.exports(s)[name]).__name__ for name in w.x],
    "a caller's exports": lambda w, s: [type(export_of(s, w.instance._address, name)).__name__ for name in w.x],
    "a caller's memory": lambda w, s: bytes(Caller(s, w.instance._address)._memory_view()[:5]),
    "a function's index": lambda w, s: function_index(w.instance, w.x["one"]),
    "an instance": lambda w, s: type(Instance(s, w.module, [w.host])).__name__,
    "get_fuel": lambda w, s: s.get_fuel(),
    "set_fuel": lambda w, s: s.set_fuel(1000),
}  # fmt: skip


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_store_is_closed_at_any_step(use: Callable[[World, Store], object]) -> None:
    first = World()
    expected, steps = steps_of(lambda: use(first, first.store))
    first.ending.close()
    for step in steps:
        w = World()
        try:
            found = Stepper(step, w.ending.close_store).run(partial(use, w, w.store))
        except ValueError as error:
            found = str(error)
        finally:
            w.ending.close()
        assert found in (expected, "already closed")


def test_a_store_ends_where_the_last_read_of_it_does() -> None:
    w = World()
    held = w.store._hold()
    w.store.close()
    w.store.close()
    assert w.store.end(0)
    assert w.ending.ended == []
    assert w.store._lifetimes  # its modules are there as long
    del held
    assert w.ending.ended == [w.store._address]
    w.ending.close()


def test_what_a_use_has_raised_does_not_keep_a_store() -> None:
    w = World()
    with pytest.raises(Trap):
        w.x["trap"](w.store)
    with pytest.raises(TypeError) as kept:
        w.x["g"].set_value(w.store, "x")
    with pytest.raises(KeyError) as missing:
        w.instance.exports(w.store)["missing"]
    w.store.close()
    assert w.ending.ended == [w.store._address]
    assert kept.value.__traceback__ is not None
    assert missing.value.__traceback__ is not None
    w.ending.close()


MODULE_USES: dict[str, Callable[[Module], object]] = {
    "imports": lambda m: [(item.module, item.name, str(item.type)) for item in m.imports],
    "exports": lambda m: [(item.name, str(item.type)) for item in m.exports],
    "types": lambda m: [str(item) for item in m.types],
    "define_module": lambda m: Linker(m._engine).define_module(Store(m._engine), "m", m),
    "define_unknown_imports_as_traps": lambda m: Linker(m._engine).define_unknown_imports_as_traps(m),
}  # fmt: skip
COMMAND = """(module (type (struct (field i8))) (import "a" "b" (func (param i32))) (memory (export "m") 1 2)
  (func (export "_start")))"""


@pytest.mark.parametrize("use", MODULE_USES.values(), ids=MODULE_USES)
def test_a_module_is_closed_at_any_step(
    use: Callable[[Module], object], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    size = layout(ModuleState, Target.host()).extent.size
    ended: list[tuple[int, bytes]] = []

    def end(owner: Engine, address: int) -> None:
        ended.append((address, ctypes.string_at(address, size)))
        ctypes.memset(address, 0, size)

    first = Module(engine(), COMMAND)
    expected, steps = steps_of(lambda: use(first))
    really = Engine._end_module
    monkeypatch.setattr(Engine, "_end_module", end)
    for step in steps:
        module = Module(engine(), COMMAND)
        try:
            found = Stepper(step, module.close).run(partial(use, module))
        except ValueError as error:
            found = str(error)
        assert found in (expected, "already closed")
        del module
        for address, contents in ended:
            ctypes.memmove(address, contents, len(contents))
            really(engine(), address)
        ended.clear()


def test_a_closed_module_is_not_defined() -> None:
    module = Module(engine(), COMMAND)
    module.close()
    with pytest.raises(ValueError, match="already closed"):
        Linker(engine()).define_module(Store(engine()), "m", module)
