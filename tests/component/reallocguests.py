"""A component whose `realloc` looks at the context of the task that runs."""

IN_REALLOC = """(component
  (component $inner
    (core func $set (canon context.set i32 0))
    (core module $m (import "" "set" (func $set (param i32))) (import "" "get" (func $get (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 16) "\\08\\00\\00\\00\\05\\00\\00\\00hello")
      (func (export "say") (result i32) (call $set (i32.const 5)) (i32.store (i32.const 16) (i32.const 24))
        (i32.const 16))
      (func (export "ended") (param i32) (if (i32.ne (call $get) (i32.const 5)) (then (unreachable)))))
    (core func $get (canon context.get i32 0))
    (core instance $i (instantiate $m (with "" (instance (export "set" (func $set)) (export "get" (func $get))))))
    (func (export "say") {async} (result string)
      (canon lift (core func $i "say") (memory (core memory $i "memory")) {post-return})))
  (component $outer
    (import "say" (func $say {async} (result string)))
    (core func $set (canon context.set i32 0)) (core func $get (canon context.get i32 0))
    (core module $libc (import "" "set" (func $set (param i32))) (import "" "get" (func $get (result i32)))
      (memory (export "memory") 1) (global (export "seen") (mut i32) (i32.const 0))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (global.set 0 (i32.add (i32.add (global.get 0) (i32.const 100)) (call $get)))
        (call $set (i32.const 9))
        (if (i32.ne (call $get) (i32.const 9)) (then (unreachable)))
        (i32.const 64)))
    (core instance $l (instantiate $libc (with "" (instance (export "set" (func $set)) (export "get" (func $get))))))
    (core func $say (canon lower (func $say) (memory (core memory $l "memory")) (realloc (core func $l "realloc"))))
    (core module $m (import "" "set" (func $set (param i32))) (import "" "get" (func $get (result i32)))
      (import "" "say" (func $say (param i32))) (import "l" "seen" (global $seen (mut i32)))
      (func (export "run") (param i32 i32) (result i32)
        (if (call $get) (then (unreachable)))
        (call $set (i32.const 7))
        (call $say (i32.const 32)) (call $say (i32.const 40))
        (i32.add (i32.mul (call $get) (i32.const 1000)) (global.get $seen))))
    (core instance $i (instantiate $m (with "l" (instance $l)) (with "" (instance
      (export "set" (func $set)) (export "get" (func $get)) (export "say" (func $say))))))
    (func (export "run") {async} (param "text" string) (result u32)
      (canon lift (core func $i "run") (memory (core memory $l "memory")) (realloc (core func $l "realloc")))))
  (instance $n (instantiate $inner))
  (instance $o (instantiate $outer (with "say" (func $n "say"))))
  (export "run" (func $o "run")))"""
"""Each of three calls of `realloc`, for an argument and two results, has a context of its own, and zeros in it."""


def in_realloc(is_async: bool) -> str:
    """That, with functions whose types are `async`, or not; `post-return` has its task's context."""
    return IN_REALLOC.replace("{async}", "async" if is_async else "").replace(
        "{post-return}", '(post-return (core func $i "ended"))'
    )
