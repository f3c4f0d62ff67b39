(module
  (import "host" "g" (global $imported (mut i32)))
  (global $count (mut i32) (i32.const 0))
  (global $scale (mut f64) (f64.const 1))
  (func $count_up (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    global.get $count)

  (func $mixed (param f64) (result f64)
    (global.set $imported (global.get $count))
    (global.set $scale (f64.mul (global.get $scale) (local.get 0)))
    global.get $scale))
