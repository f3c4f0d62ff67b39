"""Native code that is made ahead: serialized modules, and `fusee compile`."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from fusee import Config, Engine, Instance, Module, Store, WasmtimeError
from fusee.api._serialized import SERIALIZED, Serialized
from fusee.api.text import wat2wasm
from fusee.native import host, key, units

pytestmark = pytest.mark.usefixtures("own_cache")

ANSWER = """(module (memory (export "memory") 1)
  (func $half (param i64) (result i64) (i64.shr_u (local.get 0) (i64.const 1)))
  (func (export "answer") (param i64) (result i64) (i64.add (call $half (local.get 0)) (i64.const 2))))"""


def engine(strategy: str) -> Engine:
    config = Config()
    config.strategy = strategy
    return Engine(config)


def answer(module: Module) -> object:
    store = Store(module._engine)
    return Instance(store, module, []).exports(store)["answer"](store, 80)  # type: ignore[operator]


def test_a_serialized_module_has_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = Module(engine("native"), ANSWER).serialize()
    assert len(Serialized.from_bytes(encoded).code) > 1000
    monkeypatch.setattr(units, "compile_units", None)
    monkeypatch.setattr(host, "kept_code", None)
    assert answer(Module.deserialize(engine("native"), encoded)) == 42


def test_an_interpreter_does_not_look_at_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = Module(engine("native"), ANSWER).serialize()
    plain = Module(engine("interpreter"), ANSWER).serialize()
    assert Serialized.from_bytes(plain) == (bytes(wat2wasm(ANSWER)), b"")
    monkeypatch.setattr(host, "unpacked", None)
    for given in (encoded, plain):
        assert answer(Module.deserialize(engine("interpreter"), given)) == 42


def test_without_code_it_is_compiled() -> None:
    plain = Module(engine("interpreter"), ANSWER).serialize()
    module = Module.deserialize(engine("native"), plain)
    assert len(Serialized.from_bytes(module.serialize()).code) > 1000
    assert answer(module) == 42


def test_damage_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it is, and before anything is mapped."""
    encoded = bytes(Module(engine("native"), ANSWER).serialize())
    monkeypatch.setattr(host, "unpacked", None)
    for place in (len(SERIALIZED), len(SERIALIZED) + 32, len(SERIALIZED) + 50, len(encoded) // 2, len(encoded) - 1):
        damaged = encoded[:place] + bytes([encoded[place] ^ 4]) + encoded[place + 1 :]
        for strategy in ("interpreter", "native"):
            with pytest.raises(WasmtimeError, match="damaged"):
                Module.deserialize(engine(strategy), damaged)
    for size in (len(SERIALIZED), len(SERIALIZED) + 32, len(SERIALIZED) + 40, len(encoded) - 1):
        with pytest.raises(WasmtimeError, match="damaged"):
            Module.deserialize(engine("native"), encoded[:size])
    with pytest.raises(WasmtimeError, match="not a serialized module"):
        Module.deserialize(engine("native"), encoded[1:])


def test_code_of_another_version_or_module_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = Module(engine("native"), ANSWER).serialize()
    other = Serialized(bytes(wat2wasm("(module (func))")), Serialized.from_bytes(encoded).code)
    with pytest.raises(WasmtimeError, match="compiled for another processor, or by another version"):
        Module.deserialize(engine("native"), other.to_bytes())
    monkeypatch.setattr(key, "sources_digest", lambda: "another")
    with pytest.raises(WasmtimeError, match="compiled for another processor, or by another version"):
        Module.deserialize(engine("native"), encoded)


def test_a_module_whose_code_is_refused_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    own = engine("native")
    other = Serialized(bytes(wat2wasm("(module (func))")), b"of another version").to_bytes()
    ended: list[int] = []
    end = own._end_module

    def end_one(address: int) -> None:
        ended.append(address)
        end(address)

    monkeypatch.setattr(own, "_end_module", end_one)
    for _ in range(3):
        with pytest.raises(WasmtimeError, match="by another version"):
            Module.deserialize(own, other)
    gc.collect()
    assert len(ended) == 3


def fusee(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "fusee", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FUSEE_CACHE")
    (tmp_path / "a.wat").write_text(ANSWER)
    made = fusee("compile", "a.wat", "-o", "a.cwasm", cwd=tmp_path)
    assert (made.returncode, made.stderr) == (0, "")
    run = fusee("run", "--allow-precompiled", "--invoke", "answer", "a.cwasm", "80", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (0, "42\n")
    refused = fusee("run", "--invoke", "answer", "a.cwasm", "80", cwd=tmp_path)
    assert refused.returncode == 1
    assert refused.stderr == "fusee: a.cwasm: is precompiled; native code from a file needs --allow-precompiled\n"


def test_the_command_fills_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fusee.cli.main import run_command

    path = tmp_path / "a.wasm"
    path.write_bytes(wat2wasm(ANSWER))
    assert run_command(["compile", str(path)]) == 0
    monkeypatch.setattr(host, "build", None)
    assert answer(Module.from_file(engine("native"), path)) == 42


def test_a_tiered_engine_uses_what_was_made_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    host.kept_code(bytes(wat2wasm(ANSWER)))
    monkeypatch.setattr(host, "build", None)
    own = engine("tiered")
    module = Module(own, ANSWER)
    assert own._tier is not None
    assert own._tier.watcher._modules[module._address].done == {0, 1}
    assert answer(module) == 42


def test_who_uses_it_says_so_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That there is native code is noted in a file of its own, which may be damaged, or deleted before the code."""
    host.kept_code(bytes(wat2wasm(ANSWER)))
    (mark,) = (tmp_path / "cache" / "run").iterdir()
    mark.write_bytes(b"damaged")
    monkeypatch.setattr(host, "build", None)
    assert answer(Module(engine("native"), ANSWER)) == 42
    test_a_tiered_engine_uses_what_was_made_ahead(monkeypatch)


def test_the_command_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from fusee.cli.main import run_command

    (tmp_path / "a.wat").write_text("(component)")
    assert run_command(["compile", "-o", str(tmp_path / "out"), str(tmp_path / "a.wat")]) == 1
    assert "-o: not for components" in capsys.readouterr().err
    (tmp_path / "b.wat").write_text("(module (func (result i32)))")
    assert run_command(["compile", str(tmp_path / "b.wat")]) == 1
    assert "b.wat: " in capsys.readouterr().err
