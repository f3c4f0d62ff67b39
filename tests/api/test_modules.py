"""Modules: what they show of themselves, what is none, files, features."""

import gc
import weakref
from typing import Any

import pytest

import fusee
from fusee import (
    Config,
    Engine,
    FuncType,
    FuseeError,
    GlobalType,
    Instance,
    Limits,
    MalformedError,
    MemoryType,
    Module,
    Store,
    TableType,
    ValidationError,
    ValType,
)
from tests.api.guest import Guest, engine

I32, FUNCREF = ValType.i32(), ValType.funcref()
EMPTY = b"\0asm\x01\0\0\0"


def test_exports() -> None:
    g = Guest('(module (func (export "f")) (memory (export "m") 1) (global (export "g") i32 (i32.const 1)))')
    exports = g.instance.exports(g.store)
    assert list(exports) == ["f", "m", "g"]
    assert len(exports) == 3
    assert exports["m"] is exports.by_index[1] is exports[1]
    assert "nothing" not in exports
    with pytest.raises(KeyError):
        exports["nothing"]


def test_types_of_a_module() -> None:
    module = Module(
        engine(),
        """(module (import "a" "f" (func (param i32) (result i64))) (import "a" "t" (table 1 2 funcref))
          (import "b" "m" (memory 1)) (import "b" "g" (global (mut f32)))
          (func (export "e") (result (ref null 0)) (ref.null 0)) (memory (export "big") i64 7))""",
    )
    imports = [(i.module, i.name, i.type) for i in module.imports]
    assert imports == [
        ("a", "f", FuncType([I32], [ValType.i64()])),
        ("a", "t", TableType(FUNCREF, Limits(1, 2))),
        ("b", "m", MemoryType(Limits(1))),
        ("b", "g", GlobalType(ValType.f32(), True)),
    ]
    assert [e.name for e in module.exports] == ["e", "big"]
    assert module.exports[1].type == MemoryType(Limits(7), is_64=True)


def test_modules_that_are_none() -> None:
    with pytest.raises(MalformedError) as malformed:
        Module(engine(), b"\0asm\x02\0\0\0")
    assert malformed.value.message == "unknown binary version"
    with pytest.raises(ValidationError) as invalid:
        Module(engine(), "(module (func (result i32)))")
    assert invalid.value.message == "type mismatch"
    assert invalid.value.offset is not None
    with pytest.raises(FuseeError, match="expected"):
        Module(engine(), "(module (nonsense))")
    with pytest.raises(ValidationError):
        Module.validate(engine(), bytes(fusee.wat2wasm("(module (func (result i32)))")))
    Module.validate(engine(), EMPTY)
    with pytest.raises(TypeError):
        Module(engine(), 5)  # type: ignore[arg-type]


def test_features_can_be_switched_off() -> None:
    config = Config()
    config.wasm_memory64 = False
    text = "(module (memory i64 1))"
    Module(engine(), text)
    with pytest.raises(FuseeError):
        Module(Engine(config), text)


def test_files_and_serialization(tmp_path: Any) -> None:
    path = tmp_path / "a.wasm"
    path.write_bytes(fusee.wat2wasm('(module (func (export "f") (result i32) (i32.const 3)))'))
    (tmp_path / "b.wat").write_text("(module)")
    module = Module.from_file(engine(), path)
    assert Module.from_file(engine(), str(tmp_path / "b.wat")).exports == []
    encoded = module.serialize()
    assert [e.name for e in Module.deserialize(engine(), encoded).exports] == ["f"]
    (tmp_path / "c").write_bytes(encoded)
    assert [e.name for e in Module.deserialize_file(engine(), tmp_path / "c").exports] == ["f"]
    with pytest.raises(FuseeError):
        Module.deserialize(engine(), EMPTY)


def test_a_closed_module_ends_although_its_types_were_read() -> None:
    text = '(module (import "a" "f" (func (param i32))) (func (export "g") (param i64)))'
    module = Module(engine(), text)
    assert module.imports[0].type == FuncType([ValType.i32()], [])
    assert module.exports[0].type == FuncType([ValType.i64()], [])
    assert module._lifetime is not None
    lifetime = weakref.ref(module._lifetime)
    module.close()
    gc.collect()
    assert lifetime() is None


def test_modules_belong_to_their_engine() -> None:
    with pytest.raises(FuseeError):
        Instance(Store(Engine()), Module(engine(), EMPTY), [])


class Huge(bytes):
    """Bytes that say that they are more than 32 bits can count."""

    def __len__(self) -> int:
        return (1 << 32) + 8


def test_the_size_of_a_module_does_not_wrap() -> None:
    with pytest.raises(ValidationError, match="larger than 1 GiB"):
        engine()._compile(Huge(EMPTY))
