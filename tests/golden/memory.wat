(module
  (memory 1)
  (memory $other 1)
  (memory $large i64 1)
  (func $copy_byte (param i32 i32)
    (i32.store8 (local.get 0) (i32.load8_u offset=3 (local.get 1))))

  (func $array (param $base i32) (param $i i32) (result i64)
    (i64.load offset=16 (i32.add (local.get $base) (i32.shl (local.get $i) (i32.const 3)))))

  (func $floats (param i32)
    (f64.store offset=8 (local.get 0) (f64.add (f64.load (local.get 0)) (f64.const 1)))
    (f32.store (i32.const 0) (f32.const 1.5)))

  (func $sign (param i32) (result i64)
    (i64.add (i64.load32_s (local.get 0)) (i64.load16_s $other (local.get 0))))

  (func $wide (param i64) (result i64)
    (i64.load $large offset=0x100000000 (local.get 0)))

  (func $order (param i32) (result i32)
    (i32.load (local.get 0))
    (i32.store (local.get 0) (i32.const 5)))

  (func $bulk (param i32 i32 i32)
    (memory.fill (local.get 0) (i32.const 0) (local.get 2))
    (memory.copy (local.get 0) (local.get 1) (local.get 2))
    (drop (memory.grow (memory.size)))))
