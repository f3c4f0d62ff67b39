;; A text in one memory is turned through a table in a second into a third, counted and copied back, n times.
(module
  (memory $source 1)
  (memory $tables 1)
  (memory $target 1)
  (global $length i32 (i32.const 16384))
  ;; In $tables: 256 bytes of substitutes, then 256 counts of 32 bits.
  (global $counts i32 (i32.const 1024))

  (func $prepare
    (local $at i32)
    (loop $next
      (i32.store8 $source (local.get $at)
        (i32.xor (i32.mul (local.get $at) (i32.const 167)) (i32.shr_u (local.get $at) (i32.const 5))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (global.get $length))))
    (local.set $at (i32.const 0))
    (loop $next
      (i32.store8 $tables (local.get $at)
        (i32.add (i32.mul (local.get $at) (i32.const 141)) (i32.const 59)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 256)))))

  ;; Substitutes every byte and writes the text backwards.
  (func $transform
    (local $at i32) (local $byte i32) (local $count i32)
    (loop $next
      (local.set $byte (i32.load8_u $tables (i32.load8_u $source (local.get $at))))
      (i32.store8 $target
        (i32.sub (i32.sub (global.get $length) (i32.const 1)) (local.get $at))
        (local.get $byte))
      (local.set $count (i32.add (global.get $counts) (i32.shl (local.get $byte) (i32.const 2))))
      (i32.store $tables (local.get $count)
        (i32.add (i32.load $tables (local.get $count)) (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (global.get $length)))))

  (func $checksum (param $sum i32) (result i32)
    (local $at i32)
    (loop $next
      (local.set $sum
        (i32.add
          (i32.mul (local.get $sum) (i32.const 31))
          (i32.xor
            (i32.load $tables (i32.add (global.get $counts) (local.get $at)))
            (i32.load $target (local.get $at)))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 1024))))
    (local.get $sum))

  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (call $prepare)
    (memory.fill $tables (global.get $counts) (i32.const 0) (i32.const 1024))
    (loop $next
      (if (i32.gt_s (local.get $n) (i32.const 0))
        (then
          (call $transform)
          (local.set $sum (call $checksum (local.get $sum)))
          (memory.copy $source $target (i32.const 0) (i32.const 1) (i32.sub (global.get $length) (i32.const 1)))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br $next))))
    (local.get $sum)))
