(module
  (func $f (param i32) (result i32) (local.get 0))

  ;; A comparison waits below the call, and one of its operands is where the result belongs.
  (func $over_waiting (param i32 i64 i64) (result i32)
    (if (result i64) (local.get 0) (then (local.get 1)) (else (local.get 2)))
    (i64.rotr (local.get 1) (local.get 2))
    i64.lt_s
    (call $f (local.get 0))
    (br_if 0)))
