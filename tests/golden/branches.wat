(module
  (func $choice (param i32 i32) (result i32)
    (if (result i32) (i32.gt_s (local.get 0) (local.get 1))
      (then (local.get 0))
      (else (local.get 1))))

  (func $not (param i32) (result i32)
    (if (result i32) (i32.eqz (i32.lt_u (local.get 0) (i32.const 9)))
      (then (i32.const 1))
      (else (i32.const 2))))

  (func $float_condition (param f64 f64) (result i32)
    (block $out
      (br_if $out (f64.lt (local.get 0) (local.get 1)))
      (br_if $out (i32.eqz (f64.ge (local.get 0) (f64.const 0.5))))
      (return (i32.const 1)))
    i32.const 0)

  (func $value_over_junk (param i32) (result i32)
    (block $out (result i32)
      i32.const 11
      i32.const 12
      (br_if $out (local.get 0))
      drop)))
