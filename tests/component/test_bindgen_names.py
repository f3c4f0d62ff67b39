"""`fusee bindgen` where names of a component's would be one in Python, or hide what the classes have themselves."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fusee import Engine, Store
from fusee.component import Component, Linker
from tests.component.guests import World
from tests.component.test_bindgen import load, written

NUMBERS = """
  (core module $numbers (func (export "1") (result i32) (i32.const 1)) (func (export "2") (result i32) (i32.const 2))
    (func (export "3") (result i32) (i32.const 3)) (func (export "self") (param i32) (result i32) (local.get 0)))
  (core instance $c (instantiate $numbers))
  (func $one (result u32) (canon lift (core func $c "1")))
  (func $two (result u32) (canon lift (core func $c "2")))
  (func $three (result u32) (canon lift (core func $c "3")))
  (func $same (param "found" u32) (result u32) (canon lift (core func $c "self")))"""

INTERFACES = f"""(component {NUMBERS}
  (instance $a (export "f" (func $one)))
  (instance $b (export "f" (func $two)))
  (instance $outer (export "inner" (instance $a)) (export "f" (func $three)))
  (export "a:b/x" (instance $a))
  (export "c:d/x" (instance $b))
  (export "c:d/lookup-error@1.0.0" (instance $a))
  (export "c:d/lookup-error@2.0.0" (instance $b))
  (export "c:d/outer" (instance $outer))
  (export "c:d/create" (instance $a))
  (export "x" (func $three))
  (export "x2" (func $same))
  (export "create" (func $two)))"""

RESOURCES = f"""(component {NUMBERS}
  (type $r' (resource (rep i32)))
  (export $r "thing" (type $r'))
  (core func $new' (canon resource.new $r'))
  (core module $m (import "" "new" (func $new (param i32) (result i32)))
    (func (export "new") (result i32) (call $new (i32.const 7)))
    (func (export "rep") (param i32) (result i32) (local.get 0)))
  (core instance $i (instantiate $m (with "" (instance (export "new" (func $new'))))))
  (func $new (result (own $r)) (canon lift (core func $i "new")))
  (func $rep (param "self" (borrow $r)) (result u32) (canon lift (core func $i "rep")))
  (export "[constructor]thing" (func $new))
  (export "new-thing" (func $one))
  (export "[static]thing.made" (func $new))
  (export "thing-made" (func $two))
  (export "[method]thing.drop" (func $rep))
  (export "[method]thing.handle" (func $rep))
  (export "[method]thing.list" (func $rep))
  (export "list" (func $three)))"""

IMPORTS = """(component
  (import "a:b/x" (instance $a (export "list" (func (result u32))) (export "f" (func (result (list u32))))))
  (import "c:d/x" (instance $b (export "f" (func (result u32)))))
  (import "c:d/x2" (instance $c
    (export "t" (type $t (sub resource)))
    (export "new-t" (func (result u32)))
    (export "[constructor]t" (func (result (own $t))))
    (export "[method]t.drop" (func (param "self" (borrow $t)) (result u32)))))
  (core func $a (canon lower (func $a "list")))
  (core func $b (canon lower (func $b "f")))
  (core func $c (canon lower (func $c "new-t")))
  (core func $new (canon lower (func $c "[constructor]t")))
  (core func $drop (canon lower (func $c "[method]t.drop")))
  (core instance $h (export "a" (func $a)) (export "b" (func $b)) (export "c" (func $c)) (export "new" (func $new))
    (export "drop" (func $drop)))
  (core module $m
    (import "h" "a" (func $a (result i32))) (import "h" "b" (func $b (result i32)))
    (import "h" "c" (func $c (result i32))) (import "h" "new" (func $new (result i32)))
    (import "h" "drop" (func $drop (param i32) (result i32)))
    (func (export "run") (result i32)
      (i32.add (i32.add (i32.mul (call $a) (i32.const 1000)) (i32.mul (call $b) (i32.const 100)))
               (i32.add (i32.mul (call $c) (i32.const 10)) (call $drop (call $new))))))
  (core instance $i (instantiate $m (with "h" (instance $h))))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))"""


def root_of(text: str) -> Any:
    world = World(text)
    return load(written(text)).Root(world.store, world.component, world.instance)


def test_interfaces_of_one_name() -> None:
    root = root_of(INTERFACES)
    assert (root.x(), root.x2(9), root.create_()) == (3, 9, 2)
    assert (root.x3.f(), root.x4.f(), root.outer.f(), root.create_2.f()) == (1, 2, 3, 1)
    assert (root.lookup_error.f(), root.lookup_error2.f()) == (1, 2)
    with pytest.raises(LookupError):
        root._call("none")


def test_functions_beside_those_of_resources() -> None:
    root = root_of(RESOURCES)
    assert (root.new_thing(), root.thing_made(), root.list_()) == (1, 2, 3)
    for thing in (root.new_thing2(), root.thing_made2()):
        assert (thing.drop_(), thing.handle_(), thing.list_()) == (7, 7, 7)
        thing.drop()


class Thing:
    """What the host has for a resource."""

    def drop_(self) -> int:
        return 4


class Given:
    """What the host gives for all three interfaces."""

    def __init__(self, number: int) -> None:
        self.number = number

    def list_(self) -> int:
        return self.number

    f = new_t = list_

    def new_t2(self) -> Thing:
        return Thing()


def test_what_the_host_gives_under_one_name() -> None:
    module = load(written(IMPORTS))
    engine = Engine()
    linker = Linker(engine)
    host = module.Host(linker)
    for number, name in enumerate(("define_x", "define_x2", "define_x22"), 1):
        getattr(host, name)(Given(number))
    assert module.Root.create(Store(engine), Component(engine, IMPORTS), linker).run() == 1234


def test_type_checkers_take_what_is_written(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    files = [tmp_path / f"bindings{number}.py" for number in range(3)]
    for file, text in zip(files, (INTERFACES, RESOURCES, IMPORTS), strict=True):
        file.write_text(written(text))
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", *map(str, files)]
    done = subprocess.run(mypy, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
