;; Fibonacci numbers by a function that calls itself in tail position, n times, up to the 63rd.
(module
  (func $fib (param $n i32) (param $a i32) (param $b i32) (result i32)
    (if (i32.eqz (local.get $n))
      (then (return (local.get $a))))
    (return_call $fib
      (i32.sub (local.get $n) (i32.const 1))
      (local.get $b)
      (i32.add (local.get $a) (local.get $b))))

  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (loop $next
      (local.set $sum
        (i32.add
          (i32.mul (local.get $sum) (i32.const 31))
          (call $fib (i32.and (local.get $n) (i32.const 63)) (i32.const 0) (i32.const 1))))
      (local.tee $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $next (i32.gt_s (i32.const 0))))
    (local.get $sum)))
