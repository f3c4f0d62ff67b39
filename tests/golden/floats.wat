(module
  (func $polynomial (param $x f64) (result f64)
    (f64.add
      (f64.mul (f64.add (f64.mul (local.get $x) (f64.const 0.1)) (f64.const -3)) (local.get $x))
      (f64.const 1e300)))

  (func $average (param f32 f32) (result f32)
    (f32.div (f32.add (local.get 0) (local.get 1)) (f32.const 2)))

  (func $reciprocal (param f64) (result f64)
    (f64.div (f64.const 1) (local.get 0)))

  (func $convert (param i32 f32) (result f64)
    (f64.add (f64.convert_i32_s (local.get 0)) (f64.promote_f32 (local.get 1))))

  (func $banks (param f64 i32) (result i32)
    (i32.add (i32.trunc_sat_f64_s (f64.sqrt (local.get 0))) (i32.clz (local.get 1))))

  (func $nan (param f64 f64) (result i32)
    (i32.eqz (f64.gt (local.get 0) (local.get 1)))))
