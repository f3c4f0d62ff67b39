(module
  (func $hashing (param $hash i64) (param $n i32) (result i64)
    (loop $outer
      (local.set $hash (i64.xor (local.get $hash) (i64.const 0x9e3779b97f4a7c15)))
      (loop $inner
        (local.set $hash (i64.mul (i64.rotl (local.get $hash) (i64.const 31)) (i64.const 0x100000001b3)))
        (br_if $inner (i64.lt_u (local.get $hash) (i64.const 0x7fffffffffff))))
      (br_if $outer (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $hash))

  (func $straight (param $hash i64) (result i64)
    (i64.mul (i64.xor (local.get $hash) (i64.const 0x9e3779b97f4a7c15)) (i64.const 0x100000001b3))))
