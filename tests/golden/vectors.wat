;; v128 takes two slots; the float bank's registers hold vectors and floats.
(module
  (memory 1)
  (global $g (mut v128) (v128.const i64x2 1 2))

  (func $pinned (param $p i32) (param $n i32) (result v128)
    (local $sum v128) (local $factor f32)
    (loop
      (local.set $sum (f32x4.add (local.get $sum)
        (f32x4.mul (v128.load (local.get $p)) (v128.load32_splat offset=64 (local.get $p)))))
      (local.set $factor (f32.add (local.get $factor) (f32.const 1)))
      (local.set $p (i32.add (local.get $p) (i32.const 16)))
      (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (f32x4.mul (local.get $sum) (f32x4.splat (local.get $factor))))

  (func $lanes (param v128 i32) (result i32)
    (i32.add
      (i8x16.extract_lane_s 3 (i8x16.replace_lane 3 (local.get 0) (local.get 1)))
      (i32x4.extract_lane 2 (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get 0) (local.get 0)))))

  (func $memory (param i32 v128)
    (v128.store offset=16 (local.get 0) (v128.load8_lane 5 (local.get 0) (local.get 1)))
    (v128.store16_lane offset=4 7 (local.get 0) (v128.load8x8_s (local.get 0))))

  (func $mixed (param i32 v128 i64) (result i64 v128 i32)
    (local v128)
    (local.set 3 (select (local.get 1) (global.get $g) (local.get 0)))
    (global.set $g (v128.const i32x4 1 2 3 4))
    (call $mixed (local.get 0) (v128.bitselect (local.get 1) (local.get 3) (v128.not (local.get 3))) (local.get 2)))

  (func $branches (param v128) (result i32)
    (if (result i32) (v128.any_true (local.get 0))
      (then (i8x16.bitmask (local.get 0)))
      (else (i32.const -1)))))
