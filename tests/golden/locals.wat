(module
  (func $swap (param i32 i32) (result i32 i32)
    local.get 1
    local.get 0)

  (func $old_value (param i32) (result i32)
    local.get 0
    (local.set 0 (i32.const 7))
    local.get 0
    i32.add)

  (func $tee (param i32 i32) (result i32)
    (i32.mul (local.tee 1 (i32.add (local.get 0) (i32.const 1))) (local.get 1)))

  (func $waiting (param i32 i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1))
    (i32.mul (local.get 1) (local.get 2))
    (local.set 1 (i32.const 0))
    i32.sub))
