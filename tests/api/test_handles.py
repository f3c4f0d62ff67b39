"""Handles that are closed, arguments of the wrong type, settings that are wrong: typed errors, and nothing crashes."""

import copy
import gc
import pickle
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fusee
import fusee.component
from fusee import (
    ArgumentError,
    Config,
    Engine,
    Frame,
    Func,
    FuncType,
    Global,
    GlobalType,
    Instance,
    Limits,
    Linker,
    LinkError,
    Memory,
    MemoryType,
    Module,
    SharedMemory,
    Store,
    StoreContext,
    StoreError,
    Table,
    TableType,
    Tag,
    TagType,
    Trap,
    Val,
    ValType,
    WasiConfig,
    WasmtimeError,
)
from tests.api.guest import Guest, engine

I32, FUNCREF, EXTERNREF = ValType.i32(), ValType.funcref(), ValType.externref()
TEXT = """(module (memory (export "m") 1) (table (export "t") 2 funcref) (global (export "g") (mut i32) (i32.const 1))
  (func (export "f") (result i32) (i32.const 7)) (func (export "r") (result externref) (ref.null extern)))"""

USES: dict[str, Callable[[Store, Any], object]] = {
    "call": lambda s, x: x["f"](s),
    "call_raw": lambda s, x: x["f"].call_raw(s, []),
    "function's type": lambda s, x: x["r"].type(s),
    "memory.read": lambda s, x: x["m"].read(s),
    "memory.write": lambda s, x: x["m"].write(s, b"1"),
    "memory.grow": lambda s, x: x["m"].grow(s, 1),
    "memory.size": lambda s, x: x["m"].size(s),
    "memory.type": lambda s, x: x["m"].type(s),
    "memory.buffer": lambda s, x: x["m"].buffer(s),
    "memory.data_ptr": lambda s, x: x["m"].data_ptr(s),
    "table.get": lambda s, x: x["t"].get(s, 0),
    "table.set": lambda s, x: x["t"].set(s, 0, None),
    "table.grow": lambda s, x: x["t"].grow(s, 1, None),
    "table.type": lambda s, x: x["t"].type(s),
    "global.value": lambda s, x: x["g"].value(s),
    "global.set_value": lambda s, x: x["g"].set_value(s, 3),
    "new memory": lambda s, x: Memory(s, MemoryType(Limits(1))),
    "new table": lambda s, x: Table(s, TableType(FUNCREF, Limits(1)), None),
    "new global": lambda s, x: Global(s, GlobalType(I32), 1),
    "new function": lambda s, x: Func(s, FuncType([], []), lambda: None),
    "new tag": lambda s, x: Tag(s, TagType(FuncType([], []))),
    "instantiate": lambda s, x: Instance(s, Module(s.engine, TEXT), []),
    "linker": lambda s, x: Linker(s.engine).instantiate(s, Module(s.engine, TEXT)),
    "set_epoch_deadline": lambda s, x: s.set_epoch_deadline(1),
    "set_limits": lambda s, x: s.set_limits(),
    "set_total_limits": lambda s, x: s.set_total_limits(1, 1),
    "set_fuel": lambda s, x: s.set_fuel(1),
    "set_wasi": lambda s, x: s.set_wasi(WasiConfig()),
    "gc": lambda s, x: s.gc(),
    "data": lambda s, x: s.data(),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_closed_store_is_of_no_use(use: Callable[[Store, Any], object]) -> None:
    g = Guest(TEXT)
    exports = g.instance.exports(g.store)
    made = {name: exports[name] for name in ("m", "t", "g", "f", "r")}
    g.store.close()
    g.store.close()
    with pytest.raises(ValueError, match="already closed"):
        use(g.store, made)
    with pytest.raises(ValueError, match="already closed"):
        g.instance.exports(g.store)
    with pytest.raises(ValueError, match="already closed"):
        exports["m"]


def test_with_ends_a_store_and_what_its_host_functions_hold() -> None:
    class Thing:
        pass

    thing = Thing()
    gone = weakref.ref(thing)
    with Store(engine(), thing) as store:
        assert store.data() is thing
        t = Table(store, TableType(EXTERNREF, Limits(1)), thing)
        f = Func(store, FuncType([], []), lambda held=thing: None)
        view = Memory(store, MemoryType(Limits(1))).buffer(store)
    del thing, store, t, f
    gc.collect()
    assert gone() is None
    view[0] = 3  # what it showed ended with the store, but it is still memory
    assert view[0] == 3


def test_a_store_cannot_be_closed_by_its_guest() -> None:
    store = Store(engine())
    f = Func(store, FuncType([], []), lambda: store.close())
    g = Guest('(module (import "" "" (func $f)) (func (export "run") (call $f)))', [f], store)
    with pytest.raises(StoreError, match="running"):
        g.run()
    store.close()


def test_a_closed_module_lives_as_long_as_its_instances() -> None:
    with Module(engine(), TEXT) as module:
        store = Store(engine())
        f = Instance(store, module, []).exports(store)["f"]
    kind = FuncType([], [I32])
    module.close()
    for use in (lambda: module.exports, lambda: module.imports, module.serialize, lambda: Instance(store, module, [])):
        with pytest.raises(ValueError, match="already closed"):
            use()
    gc.collect()
    assert isinstance(f, Func)
    assert (f(store), f.type(store)) == (7, kind)


def test_a_module_that_nobody_uses_ends_when_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    e = Engine()
    monkeypatch.setattr(e, "_end_module", ended.append)
    module = Module(e, TEXT)
    module.close()
    assert ended == [module._address]


def test_a_closed_engine_makes_nothing_more_but_its_stores_stay() -> None:
    with Engine() as e:
        g = Guest(TEXT, store=Store(e))
    for use in (lambda: Store(e), lambda: Module(e, TEXT), lambda: Linker(e), e.increment_epoch, e.is_pulley):
        with pytest.raises(ValueError, match="already closed"):
            use()
    assert g.f() == 7


HANDLES: dict[str, Callable[[Guest], Any]] = {
    "store": lambda g: g.store,
    "engine": lambda g: g.store.engine,
    "module": lambda g: Module(g.store.engine, TEXT),
    "instance": lambda g: g.instance,
    "linker": lambda g: Linker(g.store.engine),
    "prepared instance": lambda g: Linker(g.store.engine).instantiate_pre(Module(g.store.engine, TEXT)),
    "shared memory": lambda g: SharedMemory(g.store.engine, MemoryType(Limits(1, 1), shared=True)),
    "function": lambda g: g["f"],
    "memory": lambda g: g["m"],
    "table": lambda g: g["t"],
    "global": lambda g: g["g"],
    "tag": lambda g: Tag(g.store, TagType(FuncType([], []))),
}


@pytest.mark.parametrize("make", HANDLES.values(), ids=HANDLES)
def test_a_copy_of_a_handle_is_the_handle(make: Callable[[Guest], Any]) -> None:
    """Two objects would each end what both are of."""
    handle = make(Guest(TEXT))
    assert copy.copy(handle) is handle
    assert copy.deepcopy({"kept": handle})["kept"] is handle
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(handle)
    assert weakref.ref(handle)() is handle


def test_a_store_outlives_the_name_that_it_was_copied_from() -> None:
    store = Store(Engine())
    other = copy.copy(store)
    del store
    gc.collect()
    assert Guest(TEXT, store=other).f() == 7


def test_closed_linkers() -> None:
    module = Module(engine(), '(module (import "a" "b" (func $f (result i32))) (export "f" (func $f)))')
    with Linker(engine()) as linker:
        linker.define_func("a", "b", FuncType([], [I32]), lambda: 5)
        pre = linker.instantiate_pre(module)
    store = Store(engine())
    with pytest.raises(ValueError, match="already closed"):
        linker.instantiate(store, module)
    with pytest.raises(ValueError, match="already closed"):
        linker.define_func("a", "c", FuncType([], []), lambda: None)
    f = pre.instantiate(store).exports(store)["f"]  # has what it needs
    assert isinstance(f, Func)
    assert f(store) == 5
    assert pre.module is module
    pre.close()
    with pytest.raises(ValueError, match="already closed"):
        pre.instantiate(store)


def test_a_configuration_serves_once() -> None:
    config = Config()
    Engine(config)
    with pytest.raises(ValueError, match="already closed"):
        Engine(config)
    with pytest.raises(ValueError, match="already closed"):
        config.consume_fuel = True
    wasi = WasiConfig()
    Store(engine()).set_wasi(wasi)
    with pytest.raises(ValueError, match="already closed"):
        Store(engine()).set_wasi(wasi)
    with pytest.raises(ValueError, match="already closed"):
        wasi.argv = ["a"]


@pytest.mark.parametrize(
    "value", [I32, FuncType([], []), Limits, Trap("x"), Frame(0, None, None, 0, 0), WasmtimeError("x")]
)
def test_what_holds_nothing_can_be_closed_without_effect(value: Any) -> None:
    if isinstance(value, fusee.Managed):
        with value as same:
            assert same is value
        value.close()
        assert str(value)


WRONG: dict[str, Callable[[], object]] = {
    "engine": lambda: Engine(3),  # type: ignore[arg-type]
    "store": lambda: Store("engine"),  # type: ignore[arg-type]
    "module": lambda: Module(None, b""),  # type: ignore[arg-type]
    "module's bytes": lambda: Module(engine(), 3),  # type: ignore[arg-type]
    "linker": lambda: Linker(2),  # type: ignore[arg-type]
    "linker's name": lambda: Linker(engine()).define_func(2, "", FuncType([], []), print),  # type: ignore[arg-type]
    "instance": lambda: Instance(Store(engine()), 3, []),  # type: ignore[arg-type]
    "import": lambda: Instance(Store(engine()), Module(engine(), '(module (import "" "" (func)))'), [1]),  # type: ignore[list-item]
    "memory": lambda: Memory(Store(engine()), 1),  # type: ignore[arg-type]
    "memory's store": lambda: Memory(1, MemoryType(Limits(1))),  # type: ignore[arg-type]
    "fuel": lambda: Store(engine()).set_fuel("much"),  # type: ignore[arg-type]
    "total limits": lambda: Store(engine()).set_total_limits("1", 1),  # type: ignore[arg-type]
    "limits": lambda: Limits("1", None),  # type: ignore[arg-type]
    "tag": lambda: Tag(Store(engine()), "tag"),  # type: ignore[arg-type]
    "tag type": lambda: TagType(3),  # type: ignore[arg-type]
    "value": lambda: Val.f32(1),
    "text": lambda: fusee.wat2wasm(3),  # type: ignore[arg-type]
    "function": lambda: Func(1, FuncType([], []), print),  # type: ignore[arg-type]
    "setting": lambda: setattr(Config(), "consume_fuel", 1),
    "directory": lambda: WasiConfig().preopen_dir(3, "/"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG)
def test_arguments_of_another_type(make: Callable[[], object]) -> None:
    with pytest.raises(ArgumentError, match="expected") as caught:
        make()
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, AttributeError)


def test_settings_are_checked_where_they_are_set(tmp_path: Path) -> None:
    config, wasi = Config(), WasiConfig()
    for owner, name in ((config, "wasm_smid"), (config, "consume_feul"), (wasi, "stdin_flie"), (wasi, "agrv")):
        with pytest.raises(AttributeError):
            setattr(owner, name, True)
    for name, value in (
        ("strategy", "fast"), ("cranelift_opt_level", "3"), ("profiler", "gprof"), ("cache", False),
        ("cache", "nowhere/file.toml"), ("max_wasm_stack", 1), ("target", "no-machine"),
    ):  # fmt: skip
        with pytest.raises(WasmtimeError):
            setattr(config, name, value)
    (tmp_path / "cache.toml").write_text("[cache]\n")
    config.cache = str(tmp_path / "cache.toml")
    missing = tmp_path / "missing" / "file"
    for name in ("stdin_file", "stdout_file", "stderr_file"):
        with pytest.raises(WasmtimeError, match=name.partition("_")[0]):
            setattr(wasi, name, missing)
    with pytest.raises(WasmtimeError, match="no directory"):
        wasi.preopen_dir(str(missing), "/")
    wasi.preopen_dir(str(tmp_path), "/", dir_perms=fusee.DirPerms.READ_ONLY, file_perms=fusee.FilePerms.READ_ONLY)
    wasi.preopen_dir(str(tmp_path), "/w", fusee.DirPerms.READ_WRITE, fusee.FilePerms.READ_WRITE)
    assert [preopen.is_mutable for preopen in wasi._preopens] == [False, True]
    with pytest.raises(WasmtimeError, match="not supported"):
        wasi.preopen_dir(str(tmp_path), "/m", fusee.DirPerms.READ_ONLY, fusee.FilePerms.READ_WRITE)
    for wrong in ([("a",)], [("a", "b", "c")], ["ab", 3]):
        with pytest.raises(TypeError):
            wasi.env = wrong


def test_values_by_type() -> None:
    assert (Val.i32(0x1_0000_0003).as_i32(), Val.i64(-1).as_i64()) == (3, -1)
    assert (Val.f32(0.5).as_f32(), Val.f64(0.1).as_f64()) == (0.5, 0.1)
    assert (Val.i32(1).as_i64(), Val.i64(1).as_f64(), Val.f32(1.0).as_i32(), Val.f64(1.0).as_f32()) == (None,) * 4
    f = Func(Store(engine()), FuncType([], []), lambda: None)
    assert Val.funcref(f).as_funcref() is f
    assert Val.funcref(None).as_funcref() is None
    assert Val.externref("x").as_externref() == "x"
    assert Val.externref(f).as_funcref() is None


def test_the_start_functions_caller_has_exports() -> None:
    store, seen = Store(engine()), []
    f = Func(store, FuncType([], []), lambda caller: seen.append(caller["data"].read(caller, 0, 2)), access_caller=True)
    for start in ("(start 0)", "(func (call 0)) (start 1)"):
        Guest(
            f'(module (import "" "" (func)) (memory (export "data") 1) (data (i32.const 0) "ok") {start})', [f], store
        )
    assert seen == [b"ok", b"ok"]


WITHOUT_DEFAULT = [
    "(global (ref func))",
    "(global (ref extern))",
    "(table 1 (ref func))",
    "(func (result (ref extern)))",
]


@pytest.mark.parametrize("kind", WITHOUT_DEFAULT)
def test_types_without_a_default_value(kind: str) -> None:
    module = Module(engine(), f'(module (import "env" "it" {kind}))')
    with pytest.raises(LinkError, match="no default value exists for `env::it`"):
        Linker(engine()).define_unknown_imports_as_default_values(Store(engine()), module)


def test_tags_can_be_made_and_imported() -> None:
    store = Store(engine())
    tag, other = (Tag(store, TagType(FuncType([I32], []))) for _ in range(2))
    assert (tag.eq(store, tag), tag.eq(store, other)) == (True, False)
    assert tag.type(store).functype.params == [I32]
    module = Module(engine(), '(module (import "" "" (tag (param i32))))')
    assert len(Instance(store, module, [tag]).exports(store)) == 0
    linker = Linker(engine())
    linker.define_unknown_imports_as_default_values(store, module)
    assert len(linker.instantiate(store, module).exports(store)) == 0


def test_a_lent_store() -> None:
    g = Guest(TEXT)
    context = StoreContext(g.store)
    assert g["f"](context) == 7
    assert g["m"].size(StoreContext(context)) == 1
    context._invalidate()
    with pytest.raises(ValueError, match="no longer valid"):
        g["f"](context)


def test_messages_of_traps_have_wasmtimes_form() -> None:
    g = Guest('(module $watch (func $tick (export "f") unreachable))')
    with pytest.raises(Trap) as caught:
        g.f()
    (frame,) = caught.value.frames
    assert (
        caught.value.message
        == str(caught.value)
        == (
            "error while executing at wasm backtrace:\n"
            f"    0: {frame.module_offset:#8x} - watch!tick\n"
            "\nCaused by:\n    wasm trap: wasm `unreachable` instruction executed\n"
        )
    )
    assert caught.value.reason == "unreachable"
    assert (Trap("mine").message, Trap("mine").trap_code, Trap("mine").frames) == ("mine", None, [])


def test_text_is_recognized_in_bytes() -> None:
    assert [e.name for e in Module(engine(), b'\n(module (func (export "f")))').exports] == ["f"]
    with pytest.raises(fusee.MalformedError):
        Module(engine(), b"neither")


def test_a_value_does_not_change() -> None:
    val = Val.i32(5)
    known = {val: "five"}
    for name, other in (("value", 6), ("type", ValType.i64())):
        with pytest.raises(AttributeError):
            setattr(val, name, other)
    assert known[Val.i32(5)] == "five"
    assert pickle.loads(pickle.dumps(val)) == copy.deepcopy(val) == val


@pytest.mark.parametrize("kind", [Trap, WasmtimeError, LinkError])
def test_a_message_is_a_str(kind: Any) -> None:
    for message in (5, None, b"bytes"):
        with pytest.raises(ArgumentError, match="expected a str"):
            kind(message)


@pytest.mark.parametrize("kind", [Module, fusee.component.Component])
def test_serialized_files_that_are_not_there(kind: Any, tmp_path: Path) -> None:
    """What keeps compiled modules in files looks for `WasmtimeError` alone."""
    for path in (tmp_path / "none", tmp_path, "a\0b"):
        with pytest.raises(WasmtimeError, match="failed to open file"):
            kind.deserialize_file(engine(), path)


MISFITS: dict[str, tuple[str, Callable[[Store], Any], str]] = {
    "function": ("(func (param i32) (result i64))", lambda s: Func(s, FuncType([], []), lambda: None),
                 "expected (i32) -> (i64), found () -> ()"),
    "kind": ("(func)", lambda s: Global(s, GlobalType(I32), 1),
             "expected () -> (), found GlobalType(content=i32, mutable=False)"),
    "memory": ("(memory 2)", lambda s: Memory(s, MemoryType(Limits(1))),
               "expected MemoryType(limits=Limits(min=2, max=None)"),
    "shared": ("(func)", lambda s: SharedMemory(s.engine, MemoryType(Limits(1, 1), shared=True)),
               "expected () -> (), found MemoryType("),
    "table": ("(table 1 2 funcref)", lambda s: Table(s, TableType(EXTERNREF, Limits(1, 2)), None),
              "found TableType(element=externref"),
    "tag": ("(tag (param i32))", lambda s: Tag(s, TagType(FuncType([], []))),
            "expected TagType(functype=(i32) -> ()), found TagType(functype=() -> ())"),
}  # fmt: skip


@pytest.mark.parametrize(("wanted", "make", "message"), MISFITS.values(), ids=MISFITS)
def test_what_does_not_fit_says_what_would(wanted: str, make: Callable[[Store], Any], message: str) -> None:
    store = Store(engine())
    with pytest.raises(LinkError) as caught:
        Instance(store, Module(engine(), f'(module (import "a" "b" {wanted}))'), [make(store)])
    assert caught.value.message.startswith("incompatible import type for `a::b`: ")
    assert message in caught.value.message
