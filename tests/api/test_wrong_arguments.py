"""Arguments of the wrong type, settings that are wrong, values that do not fit: typed errors that say what would."""

import copy
import pickle
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

I32, EXTERNREF = ValType.i32(), ValType.externref()


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
    "module's file": lambda: Module.from_file(engine(), 0),  # type: ignore[arg-type]
    "component's file": lambda: fusee.component.Component.from_file(engine(), None),  # type: ignore[arg-type]
    "serialized module's file": lambda: Module.deserialize_file(engine(), 0),  # type: ignore[arg-type]
    "serialized component's file": lambda: fusee.component.Component.deserialize_file(engine(), 1.5),  # type: ignore[arg-type]
    "slots": lambda: Func(store := Store(engine()), FuncType([I32], []), print).call_raw(store, 3),  # type: ignore[arg-type]
    "a slot": lambda: Func(store := Store(engine()), FuncType([I32], []), print).call_raw(store, ["3"]),  # type: ignore[list-item]
    "start of what is read": lambda: Memory(store := Store(engine()), MemoryType(Limits(1))).read(store, "0"),  # type: ignore[arg-type]
    "end of what is read": lambda: Memory(store := Store(engine()), MemoryType(Limits(1))).read(store, 0, 1.5),  # type: ignore[arg-type]
    "start of what is written": lambda: Memory(store := Store(engine()), MemoryType(Limits(1))).write(store, b"", "0"),  # type: ignore[arg-type]
    "size of a view": lambda: Memory(store := Store(engine()), MemoryType(Limits(1))).get_buffer_ptr(store, "1"),  # type: ignore[arg-type]
    "start of a view": lambda: Memory(store := Store(engine()), MemoryType(Limits(1))).get_buffer_ptr(store, 1, 0.5),  # type: ignore[arg-type]
    "arguments": lambda: setattr(WasiConfig(), "argv", 3),
    "an argument": lambda: setattr(WasiConfig(), "argv", [3]),
    "environment": lambda: setattr(WasiConfig(), "env", 3),
    "a variable": lambda: setattr(WasiConfig(), "env", [3]),
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
