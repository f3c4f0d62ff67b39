"""A component of two, of which one calls the other."""

REALLOC = '(func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))'


def two(
    ty: str, core: str, inner: str, run: str, outer: str = "", options: str = "", realloc: str = REALLOC,
    callee_realloc: str = REALLOC,
) -> str:  # fmt: skip
    """Two components: `run` of the outer one calls `f` of the inner one, of a type and a core type.

    `inner` has `f`, `run` is instructions, which have `$x`, `outer` more of the outer one's core module.
    """
    memory = "(memory $memory) (realloc $realloc)"
    return f"""(component
      (import "echo" (func $host (param "value" u32) (result u32)))
      (component $inner
        (import "echo" (func $host (param "value" u32) (result u32)))
        (core func $echo (canon lower (func $host)))
        (core module $m (import "" "echo" (func $echo (param i32) (result i32)))
          (memory (export "memory") 1) {callee_realloc} {inner})
        (core instance $i (instantiate $m (with "" (instance (export "echo" (func $echo))))))
        (alias core export $i "memory" (core memory $memory))
        (alias core export $i "realloc" (core func $realloc))
        (func (export "f") {ty} (canon lift (core func $i "f") {memory} {options})))
      (component $outer
        (import "f" (func $f {ty}))
        (core module $l (memory (export "memory") 1) {realloc})
        (core instance $l (instantiate $l))
        (alias core export $l "memory" (core memory $memory))
        (alias core export $l "realloc" (core func $realloc))
        (core func $x (canon lower (func $f) {memory}))
        (core module $m (import "" "f" (func $x {core})) (import "l" "memory" (memory 1)) {outer}
          (func (export "run") (param $a i32) (param $b i32) (result i32) {run}))
        (core instance $i (instantiate $m (with "l" (instance $l)) (with "" (instance (export "f" (func $x))))))
        (func (export "run") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "run"))))
      (instance $i (instantiate $inner (with "echo" (func $host))))
      (instance $o (instantiate $outer (with "f" (func $i "f"))))
      (alias export $o "run" (func $run)) (export "run" (func $run))
      (alias export $i "f" (func $f)) (export "f" (func $f)))"""


SINK = '(func (export "f") (param i32 i32) (result i32) (local.get 1))'
LIST = "(param i32 i32) (result i32)"
LISTS = '(param "value" (list {})) (result u32)'

CALL = "(call $x (local.get $a))"
NUMBER = '(param "value" u32) (result u32)', "(param i32) (result i32)"
