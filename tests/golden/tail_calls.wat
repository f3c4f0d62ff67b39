(module
  (import "host" "f" (func $host (param i64) (result i64)))
  (type $unary (func (param i64) (result i64)))
  (table 2 funcref)
  (func $factorial (param $n i64) (param $product i64) (result i64)
    (if (i64.eqz (local.get $n)) (then (return (local.get $product))))
    (return_call $factorial
      (i64.sub (local.get $n) (i64.const 1))
      (i64.mul (local.get $n) (local.get $product))))

  (func $swapped (param i64 i64) (result i64)
    (return_call $factorial (local.get 1) (local.get 0)))

  (func $indirect (param i64 i32) (result i64)
    (return_call_indirect (type $unary) (local.get 0) (local.get 1)))

  (func $to_host (param i64) (result i64)
    (return_call $host (i64.add (local.get 0) (i64.const 1))))

  (func $through_reference (param i64 (ref null $unary)) (result i64)
    (return_call_ref $unary (local.get 0) (local.get 1))))
