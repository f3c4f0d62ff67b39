(module
  (func $locals (param i32 i32 i32) (result i32)
    (select (local.get 0) (local.get 1) (local.get 2)))

  (func $constants (param i32) (result i64)
    (select (i64.const 1) (i64.const 0x123456789abc) (local.get 0)))

  (func $computed (param i32 i32) (result i32)
    (select
      (i32.add (local.get 0) (i32.const 1))
      (i32.sub (local.get 1) (i32.const 1))
      (i32.lt_s (local.get 0) (local.get 1))))

  (func $floats (param f32 f32) (result f32)
    (select (local.get 0) (local.get 1) (f32.lt (local.get 0) (local.get 1))))

  (func $references (param funcref i32) (result funcref)
    (select (result funcref) (local.get 0) (ref.null func) (local.get 1)))

  (func $condition_used_again (param i32 i32) (result i32) (local i32)
    (i32.add
      (select (local.get 0) (i32.const 1) (local.tee 2 (i32.lt_s (local.get 0) (local.get 1))))
      (select (i32.const 2) (local.get 1) (local.get 2))))

  (func $condition_changed (param i32 i32) (result i32) (local i32)
    (i32.add
      (select (local.get 0) (i32.const 1) (local.tee 2 (i32.lt_s (local.get 0) (local.get 1))))
      (select (i32.const 2) (local.get 1) (i32.add (local.tee 2 (local.get 1)) (i32.const -1))))))
