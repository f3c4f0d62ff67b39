"""Worlds in WIT text: what is shown of a component is text that says the same, and Python can be written for it."""

from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner, Result

from fusee import Engine, MalformedError, WasmtimeError, wat2wasm
from fusee.cli.commands import fusee
from fusee.component import Component
from fusee.component.wit import wit
from fusee.component.worlds import worlds_of
from tests.component.asyncguests import CARRYING, WAITING
from tests.component.guests import World, echo
from tests.component.samples import COMPOSED
from tests.component.test_bindgen import CLASHES, ORDERS, SHELVES

SHOP = """
package my:shop@1.2.0;
interface kinds { enum kind { tea, cup } record item { kind: kind, count: u32 } }
interface orders { use kinds.{item}; resource order { constructor(); add: func(item: item) -> result<u32, string>; } }
world seller { import my:log/log@0.2.0; export orders; export fetch: async func(url: string) -> list<u8>; }
world buyer { import orders; }
"""
LOG = "package my:log@0.2.0; interface log { write: func(text: string); }"
ECHO = """package a:b;
world w { import echo: func(value: list<u8>) -> list<u8>; export echo: func(value: list<u8>) -> list<u8>; }"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(fusee, [str(argument) for argument in arguments])


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with a package, and one that it depends on."""
    (tmp_path / "deps" / "log").mkdir(parents=True)
    (tmp_path / "shop.wit").write_text(SHOP)
    (tmp_path / "deps" / "log" / "log.wit").write_text(LOG)
    return tmp_path


@pytest.mark.parametrize("text", [COMPOSED, ORDERS, CLASHES, SHELVES, CARRYING, WAITING, echo("u8", "i32")])
def test_what_is_shown_says_the_same(tmp_path: Path, text: str) -> None:
    shown = wit(Component(Engine(), text).type)
    (tmp_path / "app.wit").write_text(shown)
    again = run("wit", tmp_path / "app.wit").output
    assert sorted(again.splitlines()) == sorted(shown.splitlines())  # a package has functions before interfaces


def test_a_world_with_what_it_depends_on(shop: Path) -> None:
    shown = run("wit", shop, "--world", "seller").output
    assert "import my:log/log@0.2.0;" in shown and "write: func(text: string);" in shown
    assert "export fetch: async func(url: string) -> list<u8>;" in shown
    written = run("bindgen", shop, "--world", "seller").output
    for part in ("class Item:", 'Kind = Literal["tea", "cup"]', "class Order:", "class LogImports(Protocol):",
                 "async def fetch(self, url: str) -> bytes:", "def add(self, item: Item) -> int | str:"):  # fmt: skip
        assert part in written


def test_a_component_is_called_by_what_is_written_for_its_world(tmp_path: Path) -> None:
    (tmp_path / "echo.wit").write_text(ECHO)
    module = ModuleType("written")
    exec(run("bindgen", tmp_path / "echo.wit").output, module.__dict__)
    world = World(echo("(list u8)", "i32 i32"), echo=lambda store, value: value[::-1])
    assert module.Root(world.store, world.component, world.instance).echo(b"abc") == b"cba"


def test_which_world(shop: Path, tmp_path: Path) -> None:
    result = run("bindgen", shop)
    assert result.exit_code == 2 and "several worlds, `seller`, `buyer`: name one with --world" in result.output
    result = run("wit", shop, "-w", "thief")
    assert result.exit_code == 2 and "no world `thief`, but `seller`, `buyer`" in result.output
    (tmp_path / "none.wit").write_text(LOG)
    result = run("wit", tmp_path / "none.wit")
    assert result.exit_code == 2 and "a WIT package without worlds" in result.output
    (tmp_path / "empty.wasm").write_bytes(wat2wasm("(component)"))
    result = run("wit", tmp_path / "empty.wasm", "-w", "root")
    assert result.exit_code == 2 and "is no WIT file or folder" in result.output


def test_text_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "bad.wit").write_text("package a:b; world w { import nowhere; }")
    result = run("bindgen", tmp_path / "bad.wit")
    assert isinstance(result.exception, WasmtimeError)
    assert str(result.exception).startswith(str(tmp_path / "bad.wit")) and "nowhere" in str(result.exception)
    assert isinstance(run("wit", tmp_path / "gone.wit").exception, OSError)


def test_what_is_no_package() -> None:
    engine = Engine()
    with pytest.raises(MalformedError):
        worlds_of(engine, b"\0asm")
    for text in (COMPOSED, '(component (type $c (component)) (export "a" (type $c)))'):
        with pytest.raises(WasmtimeError, match="not an encoded WIT package"):
            worlds_of(engine, bytes(wat2wasm(text)))
