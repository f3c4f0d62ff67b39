"""Profiles: exact counts of basic blocks, and files that are checked when they are read."""

from pathlib import Path

import pytest

from fusee import Config, Engine, FuseeError, Instance, Module, Store, wat2wasm
from fusee.bench.tasks import Host
from fusee.tune.corpus import Program
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


def profile_of(argument: int, program: str = PROGRAM) -> Profile:
    config = Config()
    config.profiled = True
    engine = Engine(config)
    store = Store(engine)
    module = Module(engine, program)
    function = Instance(store, module, []).exports(store)["f"]
    function(store, argument)  # type: ignore[operator]
    return Profile.of(module)


def test_exact_counts() -> None:
    """In the order of the code: the function's start, the loop, the arms, behind them (twice: two labels), the end."""
    profile = profile_of(7)
    assert profile.functions == {0: [4], 2: [1, 7, 4, 3, 7, 7, 1]}


ROUND = """(module
(func (export "f") (param i32)
  (loop $l
    (block $out
      (br_table $out $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))))
"""


def test_what_only_some_machines_have_is_not_counted() -> None:
    """A `br_table` to a loop goes there by a jump behind it on a host, and on a watch at once."""
    assert profile_of(7, ROUND).functions == {0: [1, 7, 1, 1]}  # the start, the loop, behind the block and at the end


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


# As far as the host asks for it: a script that fails if it is longer than a letter.
QUICKJS = """
(module
  (memory (export "memory") 1)
  (global $free (mut i32) (i32.const 1024))
  (func (export "malloc") (param i32) (result i32)
    (global.get $free)
    (global.set $free (i32.add (global.get $free) (local.get 0))))
  (func (export "qjs_init_argv") (param i32 i32) (result i32)
    (i32.load8_u offset=1 (i32.load offset=8 (local.get 1))))
  (func (export "qjs_destroy")))
"""


def test_what_a_host_calls_is_profiled(tmp_path: Path) -> None:
    module, script = tmp_path / "module.wasm", tmp_path / "script.js"
    module.write_bytes(wat2wasm(QUICKJS))
    script.write_text("1")
    host = Host("fusee.bench.real.quickjs", "is a library")
    program = Program("quick.js", (str(module), str(script), str(script)), host)
    path = program.profiled(tmp_path)
    assert Profile.read(path).functions == {0: [8], 1: [2], 2: [2]}
    script.write_text("too long")
    with pytest.raises(FuseeError, match=r"module\.wasm .*script\.js: the script has failed$"):
        Program("again", program.arguments, host).profiled(tmp_path)
    with pytest.raises(FuseeError, match=r"No such file or directory: 'nowhere\.js'$"):
        Program("nowhere", (str(module), "nowhere.js"), host).profiled(tmp_path)


def test_another_module_is_not_overwritten(tmp_path: Path) -> None:
    """What is beside a profile is the module that it is of, or was not there."""
    other = tmp_path / "program.wasm"
    other.write_bytes(b"mine")
    with pytest.raises(FuseeError, match="where the module of the profile goes, is another file"):
        profile_of(3).write(tmp_path / "program.profile")
    with pytest.raises(FuseeError, match="that is where the module goes"):
        profile_of(3).write(other)
    assert other.read_bytes() == b"mine"


def test_a_program_that_is_not_there_is_named_once(tmp_path: Path) -> None:
    with pytest.raises(FuseeError, match=r"^nope\.wasm: No such file or directory$"):
        Program("nope", ("nope.wasm",)).profiled(tmp_path)
