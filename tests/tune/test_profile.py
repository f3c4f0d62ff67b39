"""Profiles: exact counts of basic blocks, and files that are checked when they are read."""

from pathlib import Path

import pytest

from fusee import Config, Engine, FuseeError, Instance, Module, Store
from fusee.tune.profile import Profile

PROGRAM = """
(module
  (func $double (param i32) (result i32)
    local.get 0
    local.get 0
    i32.add)
  (func $never (result i32)
    i32.const 0)
  (func (export "f") (param i32) (result i32) (local i32)
    loop $again
      local.get 0
      i32.const 1
      i32.and
      if
        local.get 1
        call $double
        local.set 1
      else
        local.get 1
        i32.const 3
        i32.add
        local.set 1
      end
      local.get 0
      i32.const 1
      i32.sub
      local.tee 0
      br_if $again
    end
    local.get 1))
"""


def profile_of(argument: int) -> Profile:
    config = Config()
    config.profiled = True
    engine = Engine(config)
    store = Store(engine)
    module = Module(engine, PROGRAM)
    function = Instance(store, module, []).exports(store)["f"]
    function(store, argument)  # type: ignore[operator]
    return Profile.of(module)


def test_exact_counts() -> None:
    """In the order of the code: the function's start, the loop, the arms, behind them (twice: two labels), the end."""
    profile = profile_of(7)
    assert profile.functions == {0: [4], 2: [1, 7, 4, 3, 7, 7, 1]}


def test_files(tmp_path: Path) -> None:
    profile = profile_of(3)
    path = tmp_path / "program.profile"
    profile.write(path)
    assert Profile.read(path) == profile
    path.with_suffix(".wasm").write_bytes(b"\0asm\1\0\0\0")
    with pytest.raises(FuseeError, match="the profile of another module"):
        Profile.read(path)
    path.write_text("{}")
    with pytest.raises(FuseeError, match="not a profile"):
        Profile.read(path)


def test_what_is_not_profiled_has_no_counters() -> None:
    engine = Engine()
    store = Store(engine)
    module = Module(engine, PROGRAM)
    Instance(store, module, []).exports(store)["f"](store, 1)  # type: ignore[operator]
    assert Profile.of(module).functions == {0: [], 2: []}
