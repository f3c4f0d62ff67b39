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
      drop))

  ;; Where branches forward lead to a jump they lead to where that goes; out of a block, and back to a loop.
  (func $onward (param i32 i32) (result i32)
    (block $out
      (block $first
        (block $join
          (br_if $join (local.get 0))
          (br_if $first (local.get 1)))
        (br $out))
      (local.set 1 (i32.mul (local.get 1) (i32.const 3))))
    local.get 1)

  (func $continue (param $n i32) (result i32) (local $sum i32)
    (block $done
      (loop $again
        (block $skip
          (br_if $done (i32.eqz (local.get $n)))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br_if $skip (i32.and (local.get $n) (i32.const 1)))
          (local.set $sum (i32.add (local.get $sum) (local.get $n))))
        (br $again)))
    local.get $sum)

  (func $around (param i32) (result i32)
    (loop $again
      (block $on (br $on))
      (if (i32.gt_s (local.get 0) (i32.const 0))
        (then
          (local.set 0 (i32.sub (local.get 0) (i32.const 2)))
          (drop (call $not (local.get 0)))
          (br $again))))
    local.get 0))
