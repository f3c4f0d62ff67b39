(module
  (memory 1)
  (func $address (param i32 i32) (result i32)
    (i32.load offset=4 (i32.add (local.get 0) (local.get 1))))

  (func $scaled (param i32 i32) (result i64)
    (i64.load (i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 3)))))

  (func $store (param i32 i32 i64)
    (i64.store (i32.add (local.get 0) (local.get 1)) (i64.xor (local.get 2) (i64.shr_u (local.get 2) (i64.const 7)))))

  (func $hash (param i32 i32) (result i32)
    (i32.add (i32.mul (local.get 0) (i32.const 31)) (i32.and (local.get 1) (i32.const 255))))

  (func $multiply_add (param f64 f64 f64) (result f64)
    (f64.add (local.get 0) (f64.mul (local.get 1) (local.get 2)))))
