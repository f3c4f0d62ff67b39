"""`fusee bindgen`: what is written is clean, and does what it says."""

import asyncio
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from fusee import Engine, wat2wasm
from fusee.cli.commands import fusee
from fusee.component import Component
from fusee.component.bindgen import bindings
from tests.component.asyncguests import CARRYING, WAITING
from tests.component.guests import World, echo
from tests.component.samples import COMPOSED

ORDERS = echo(
    "$list",
    "i32 i32",
    definitions="""
    (type $k' (enum "new" "used-up")) (import "kind" (type $k (eq $k')))
    (type $m' (flags "read" "write")) (import "mode" (type $m (eq $m')))
    (type $o' (record (field "from" string) (field "file-size" u64) (field "kind" $k) (field "mode" (option $m))))
    (import "order" (type $o (eq $o')))
    (type $p' (variant (case "order" $o) (case "name" string) (case "none"))) (import "place" (type $p (eq $p')))
    (type $t' (variant (case "a" u8) (case "b" u16))) (import "tagged" (type $t (eq $t')))
    (type $list (list (tuple $o $p $t (option $o) (list u8) (result $o (error string)))))""",
)


def load(text: str) -> Any:
    """The module."""
    module = ModuleType("written")
    sys.modules["written"] = module  # `dataclass` looks there
    exec(compile(text, "written", "exec"), module.__dict__)
    return module


def written(text: str) -> str:
    """What is written for a component."""
    return bindings(Component(Engine(), text).type, "Bindings.")


def test_what_is_written_is_clean(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    for number, text in enumerate((COMPOSED, CARRYING, WAITING, ORDERS, "(component)")):
        (tmp_path / f"bindings{number}.py").write_text(written(text))
    root = Path(__file__).parent.parent.parent
    for command in (["ruff", "check", "--config", root / "pyproject.toml"], ["mypy", "--strict", "--config-file="]):
        done = subprocess.run(
            [sys.executable, "-m", *command, *sorted(tmp_path.glob("*.py"))], capture_output=True, text=True, cwd=root
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_records_are_dataclasses() -> None:
    module = load(written(ORDERS))
    world = World(ORDERS, echo=lambda store, value: value)
    root = module.Root(world.store, world.component, world.instance)
    order = module.Order("here", 1 << 40, "used-up", {"write"})
    given = [
        (order, order, module.Variant("b", 300), None, b"abc", order),
        (order, "name", module.Variant("a", 3), order, b"", "wrong"),
        (order, None, module.Variant("a", 4), order, b"", order),
    ]
    found = root.echo(given)
    assert found == given
    assert all(type(row[0]) is module.Order for row in found) and type(found[0][1]) is module.Order


def test_resources_are_classes() -> None:
    module = load(written(COMPOSED))
    world = World(COMPOSED)
    root = module.Root.create(world.store, world.component, world.linker)
    assert root.sum(3, 4) == 103 + 104 + 4
    counter = root.counters.new_counter(5)
    assert isinstance(counter, module.Counter) and counter.value() == 105
    assert root.counters.counter_take(root.counters.new_counter(2)) == 2
    counter.drop()
    assert root.counters.ended() == 3425


def test_functions_that_are_awaited() -> None:
    module = load(written(WAITING))

    async def wait(store: Any, number: int) -> int:
        await asyncio.sleep(0)
        return number + 1

    async def main() -> None:
        world = World(WAITING, wait=wait)
        root = module.Root(world.store, world.component, world.instance)
        assert await root.by_callback(3) == 4
        with pytest.raises(TypeError):
            root.at_once("one")

    asyncio.run(main())


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "empty.wasm").write_bytes(wat2wasm("(component)"))
    result = CliRunner().invoke(fusee, ["bindgen", str(tmp_path / "empty.wasm")])
    assert result.exit_code == 0 and "class Root:" in result.output and "empty.wasm" in result.output.splitlines()[0]
    (tmp_path / "module.wasm").write_bytes(wat2wasm("(module)"))
    assert CliRunner().invoke(fusee, ["bindgen", str(tmp_path / "module.wasm")]).exit_code == 2
