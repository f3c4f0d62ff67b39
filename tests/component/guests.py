"""Components for tests, in the text format."""

from collections.abc import Callable
from typing import Any

from fusee import Engine, Store
from fusee.component import Component, Func, Instance, Linker

LIBC = """
  (core module $libc_module
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 1024))
    (func (export "realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
                              (i32.sub (i32.const 0) (local.get $align))))
      (global.set $top (i32.add (local.get $at) (local.get $size)))
      (block $enough
        (br_if $enough (i32.le_u (global.get $top) (i32.mul (memory.size) (i32.const 65536))))
        (drop (memory.grow (i32.add (i32.const 1) (i32.div_u (local.get $size) (i32.const 65536))))))
      (memory.copy (local.get $at) (local.get $old) (local.get $old_size))
      (local.get $at)))
  (core instance $libc (instantiate $libc_module))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
"""


def echo(ty: str, flat: str, encoding: str = "utf8", definitions: str = "") -> str:
    """A component whose `echo` passes a value on to the `echo` that it imports, and gives what that gives.

    `flat` are the core types of the value; none if there are so many that it lies in memory.
    """
    is_direct = len(flat.split()) == 1
    params = flat or "i32"
    options = f"(memory $memory) (realloc $realloc) string-encoding={encoding}"
    gets = " ".join(f"(local.get {i})" for i in range(len(params.split())))
    call = f"(call $x {gets})" if is_direct else f"(call $x {gets} (i32.const 16)) (i32.const 16)"
    inner = f"(param {flat}) (result {flat})" if is_direct else f"(param {params} i32)"
    return f"""(component
      {definitions}
      (import "echo" (func $echo (param "value" {ty}) (result {ty})))
      {LIBC}
      (core func $lowered (canon lower (func $echo) {options}))
      (core module $main_module
        (import "host" "echo" (func $x {inner}))
        (func (export "echo") (param {params}) (result {flat if is_direct else "i32"}) {call}))
      (core instance $main (instantiate $main_module (with "host" (instance (export "echo" (func $lowered))))))
      (alias core export $main "echo" (core func $main_echo))
      (func (export "echo") (param "value" {ty}) (result {ty}) (canon lift (core func $main_echo) {options})))"""


def lifting(ty: str, flat: str, encoding: str = "utf8", data: bytes = b"", definitions: str = "") -> str:
    """A component whose `f` gives the host what its core values say, from a memory with data at 16."""
    content = "".join(f"\\{byte:02x}" for byte in data)
    gets = " ".join(f"(local.get {i})" for i in range(len(flat.split())))
    return f"""(component
      {definitions}
      (import "echo" (func $echo (param "value" {ty})))
      {LIBC}
      (core func $x (canon lower (func $echo) (memory $memory) (realloc $realloc) string-encoding={encoding}))
      (core module $m (import "host" "x" (func $x (param {flat})))
        (import "libc" "memory" (memory 1))
        (data (i32.const 16) "{content}")
        (func (export "f") (param {flat}) (call $x {gets})))
      (core instance $i (instantiate $m (with "libc" (instance $libc))
        (with "host" (instance (export "x" (func $x))))))
      (func (export "f") {" ".join(f'(param "p{i}" u32)' for i in range(len(flat.split())))}
        (canon lift (core func $i "f"))))"""


def named(definition: str) -> str:
    """Definitions that give a type the name `$t` in and outside of the component."""
    return f'(type $t_plain {definition}) (import "t" (type $t (eq $t_plain)))'


class World:
    """A component that is alive, and how its functions are called."""

    def __init__(self, text: str | bytes, **functions: Callable[..., Any]) -> None:
        self.engine = Engine()
        self.store = Store(self.engine)
        self.component = Component(self.engine, text)
        self.linker = Linker(self.engine)
        with self.linker.root() as root:
            for name, function in functions.items():
                root.add_func(name.replace("_", "-"), function)
        self.instance: Instance = self.linker.instantiate(self.store, self.component)

    def func(self, name: str) -> Func:
        """An exported function."""
        found = self.instance.get_func(self.store, name)
        assert found is not None
        return found

    def call(self, name: str, *args: Any) -> Any:
        """Call one."""
        return self.func(name)(self.store, *args)
