(module
  (import "host" "f" (func $host (param i32) (result i32)))
  (type $binary (func (param i32 i32) (result i32)))
  (table 4 funcref)
  (func $two (param i32) (result i32 i32) (local.get 0) (i32.add (local.get 0) (i32.const 1)))
  (func $add (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))

  (func $fib (param i32) (result i32)
    (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else (i32.add
        (call $fib (i32.sub (local.get 0) (i32.const 1)))
        (call $fib (i32.sub (local.get 0) (i32.const 2)))))))

  (func $results_as_arguments (param i32) (result i32)
    (call $add (call $two (local.get 0))))

  (func $nested (param i32) (result i32)
    (call $add (call $add (local.get 0) (i32.const 1)) (call $add (i32.const 2) (call $host (local.get 0)))))

  (func $indirect (param i32 i32) (result i32)
    (call_indirect (type $binary) (local.get 0) (local.get 1) (i32.and (local.get 1) (i32.const 3))))

  (func $around_a_loop (param i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (local.get 0)))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (i32.add (local.get $sum) (call $add (local.get $sum) (local.get 0)))))
