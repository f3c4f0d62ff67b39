"""`fusee bindgen`: what is written is clean, and does what it says."""

import ast
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
from fusee.component.bindgen.imports import bindings
from tests.component.asyncguests import CARRYING, WAITING
from tests.component.guests import LIBC, World, echo
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

CLASHES = echo(
    "(tuple $r $u)",
    "i32 i32 i32 i32 i32",
    definitions="""
    (type $r' (record (field "from" (option u8)))) (import "record" (type $r (eq $r')))
    (type $u' (variant (case "none") (case "text" string))) (import "host" (type $u (eq $u')))""",
)
"""Names that Python's classes have, and cases without payloads before others."""


SHELVES = f"""(component
  (import "my:app/shelves@1.2.0" (instance $shelves
    (export "shelf" (type $shelf (sub resource)))
    (type $row' (record (field "of" (own $shelf)) (field "count" u32)))
    (export "row" (type $row (eq $row')))
    (export "[constructor]shelf" (func (param "name" string) (result (own $shelf))))
    (export "[method]shelf.put" (func (param "self" (borrow $shelf)) (param "what" string) (result u32)))
    (export "[static]shelf.join" (func (param "a" (own $shelf)) (param "b" (own $shelf)) (result (own $shelf))))
    (export "count" (func (param "shelf" (borrow $shelf)) (result $row)))))
  (import "more" (func $more (param "count" u32) (result (result u32 (error string)))))
  {LIBC}
  (alias export $shelves "shelf" (type $shelf))
  (core func $new (canon lower (func $shelves "[constructor]shelf") (memory $memory) (realloc $realloc)))
  (core func $put (canon lower (func $shelves "[method]shelf.put") (memory $memory) (realloc $realloc)))
  (core func $join (canon lower (func $shelves "[static]shelf.join")))
  (core func $count (canon lower (func $shelves "count") (memory $memory)))
  (core func $more (canon lower (func $more) (memory $memory) (realloc $realloc)))
  (core func $drop (canon resource.drop $shelf))
  (core module $m
    (import "s" "memory" (memory 1))
    (import "s" "new" (func $new (param i32 i32) (result i32)))
    (import "s" "put" (func $put (param i32 i32 i32) (result i32)))
    (import "s" "join" (func $join (param i32 i32) (result i32)))
    (import "s" "count" (func $count (param i32 i32)))
    (import "s" "more" (func $more (param i32 i32)))
    (import "s" "drop" (func $drop (param i32)))
    (func (export "run") (param i32 i32) (result i32) (local $a i32)
      (local.set $a (call $new (local.get 0) (local.get 1)))
      (drop (call $put (local.get $a) (local.get 0) (local.get 1)))
      (local.set $a (call $join (local.get $a) (call $new (local.get 0) (local.get 1))))
      (call $count (local.get $a) (i32.const 16))
      (call $drop (local.get $a))
      (call $drop (i32.load (i32.const 16)))
      (call $more (i32.load (i32.const 20)) (i32.const 32))
      (i32.add (i32.mul (i32.load8_u (i32.const 32)) (i32.const 1000)) (i32.load (i32.const 36)))))
  (core instance $i (instantiate $m (with "s" (instance
    (export "memory" (memory $memory)) (export "new" (func $new)) (export "put" (func $put))
    (export "join" (func $join)) (export "count" (func $count))
    (export "more" (func $more)) (export "drop" (func $drop))))))
  (func (export "run") (param "name" string) (result u32)
    (canon lift (core func $i "run") (memory $memory) (realloc $realloc))))"""

SHOP = """
from fusee import Engine, Store
from fusee.component import Component, Err, Linker
from bindings import Host, Root, Row


class Shelf:
    def __init__(self, things: list[str], ended: list[str]) -> None:
        self.things, self.ended = things, ended

    def put(self, what: str) -> int:
        self.things.append(what)
        return len(self.things)

    def drop(self) -> None:
        self.ended.append("+".join(self.things))


class Shelves:
    def __init__(self) -> None:
        self.ended: list[str] = []

    def new_shelf(self, name: str) -> Shelf:
        return Shelf([name], self.ended)

    def shelf_join(self, a: Shelf, b: Shelf) -> Shelf:
        return Shelf(a.things + b.things, self.ended)

    def count(self, shelf: Shelf) -> Row:
        return Row(Shelf(["copy"], self.ended), len(shelf.things))


class More:
    def more(self, count: int) -> int | str:
        if count > 3:
            raise Err("too many")
        return count + 1


def run(wasm: bytes) -> tuple[int, list[str]]:
    engine = Engine()
    linker, shelves = Linker(engine), Shelves()
    host = Host(linker)
    host.define_shelves(shelves)
    host.define_root(More())
    root = Root.create(Store(engine), Component(engine, wasm), linker)
    return root.run("tea"), shelves.ended
"""
"""A host whose classes are checked against the protocols."""


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
    for number, text in enumerate((COMPOSED, CARRYING, WAITING, ORDERS, CLASHES, "(component)")):
        (tmp_path / f"bindings{number}.py").write_text(written(text))
    (tmp_path / "bindings.py").write_text(written(SHELVES))
    (tmp_path / "shop.py").write_text(SHOP.lstrip())
    (tmp_path / "wrong.py").write_text(SHOP.lstrip().replace("put(self, what: str)", "put(self, what: int)"))
    root = Path(__file__).parent.parent.parent
    files = [str(path) for path in sorted(tmp_path.glob("bindings*.py"))]
    ruff = [sys.executable, "-m", "ruff", "check", "--config", str(root / "pyproject.toml"), *files]
    done = subprocess.run(ruff, capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stdout + done.stderr
    hosts = [str(tmp_path / name) for name in ("shop.py", "wrong.py")]
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", *files, *hosts]
    done = subprocess.run(mypy, capture_output=True, text=True, cwd=root)
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert errors and all("wrong.py:" in line for line in errors), done.stdout + done.stderr
    assert any("ShelvesImports" in line for line in errors)


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


def test_what_the_host_gives() -> None:
    sys.modules["bindings"] = load(written(SHELVES))
    try:
        assert load(SHOP).run(wat2wasm(SHELVES)) == (4, ["tea+tea+tea", "copy"])
    finally:
        del sys.modules["bindings"]


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


def test_functions_with_the_names_of_what_is_there() -> None:
    text = """(component
      (import "a:b/tools" (instance $tools
        (export "tool" (type $tool (sub resource)))
        (export "[method]tool.drop" (func (param "self" (borrow $tool))))
        (export "[method]tool.handle" (func (param "self" (borrow $tool))))))
      (import "create" (func $create))
      (export "c:d/tools" (instance $tools))
      (export "create" (func $create)))"""
    tree = ast.parse(bindings(Component(Engine(), wat2wasm(text)).type, "tools.wasm"))
    classes = {item.name: item for item in tree.body if isinstance(item, ast.ClassDef)}
    methods = {name: [item.name for item in kind.body if isinstance(item, ast.FunctionDef)]
               for name, kind in classes.items()}  # fmt: skip
    assert methods["Root"].count("create") == methods["Root"].count("create_") == 1
    tools = [found for name, found in methods.items() if "drop_" in found]
    assert tools and all(found.count("drop") == 1 and "handle_" in found for found in tools)
