;; Conditions that are one dispatch with their branch.
(module
  (func $late (param $n i32) (result i32) (local $more i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (local.get $n)))
      (local.set $more (i32.gt_u (local.get $n) (i32.const 3)))
      (local.set $n (i32.add (local.get $n) (i32.const -3)))
      (br_if $again (local.get $more)))
    (i32.add (local.get $sum) (local.get $more)))

  (func $signs (param $byte i32) (param $half i32) (result i32)
    (block $none
      (br_if $none (i32.gt_s (i32.extend8_s (local.get $byte)) (i32.const -1)))
      (br_if $none (i32.lt_s (i32.extend16_s (local.get $half)) (i32.const 0)))
      (br_if $none (i32.eqz (i32.and (local.get $half) (i32.const 12))))
      (if (i32.ge_s (i32.extend8_s (local.get $half)) (i32.const 0)) (then (return (i32.const 1))))
      (return (i32.const 2)))
    i32.const 3))
