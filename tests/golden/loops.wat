(module
  (func $sum (param $n i32) (result i32) (local $i i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (local.get $i)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    local.get $sum)

  (func $nested (param $n i32) (result i32) (local $i i32) (local $j i32) (local $count i32)
    (loop $outer
      (local.set $j (i32.const 0))
      (loop $inner
        (local.set $count (i32.add (local.get $count) (i32.const 1)))
        (br_if $inner (i32.ne (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $n))))
      (br_if $outer (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    local.get $count)

  (func $with_value (param i64) (result i64)
    (local.get 0)
    (loop (param i64) (result i64)
      (i64.shr_u (i64.const 1))
      (local.tee 0)
      (local.get 0)
      (br_if 0 (i64.ne (i64.const 0)))))

  (func $leaving (param i32) (result i32)
    (block $done (result i32)
      (loop $again
        (br_if $done (local.get 0) (i32.eqz (local.get 0)))
        (local.set 0 (i32.div_u (i32.const 3)))
        (br $again))
      unreachable)))
