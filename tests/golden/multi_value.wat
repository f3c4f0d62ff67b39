(module
  (func $block (param i32 i64) (result i64 i32)
    (local.get 0)
    (local.get 1)
    (block (param i32 i64) (result i64 i32)
      (local.set 1)
      (local.set 0)
      (local.get 1)
      (local.get 0)))

  (func $exits (param i32) (result i32 i32)
    (block $out (result i32 i32)
      i32.const 1
      i32.const 2
      i32.const 3
      (br_if $out (local.get 0))
      drop
      (br_if 1 (i32.eqz (local.get 0)))
      (br $out)))

  (func $arms (param i32) (result i32 f32)
    (if (result i32 f32) (local.get 0)
      (then (i32.const 1) (f32.const 1))
      (else (i32.const 2) (f32.const 2)))))
