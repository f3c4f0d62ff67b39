;; Lists: made, mapped, filtered, reversed, merged into sorted ones. Every step makes new cells.
(module
  (type $cell (struct (field $head i32) (field $tail (ref null $cell))))
  (global $state (mut i32) (i32.const 1))
  (func $random (result i32)
    (local $x i32)
    (local.set $x (global.get $state))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 13))))
    (local.set $x (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 17))))
    (global.set $state (local.tee $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 5)))))
    (local.get $x))
  (func $make (param $n i32) (result (ref null $cell))
    (local $list (ref null $cell))
    (loop $more
      (local.set $list (struct.new $cell (i32.and (call $random) (i32.const 0xffff)) (local.get $list)))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $list))
  (func $reverse (param $list (ref null $cell)) (result (ref null $cell))
    (local $made (ref null $cell))
    (block $end
      (loop $more
        (br_if $end (ref.is_null (local.get $list)))
        (local.set $made (struct.new $cell (struct.get $cell $head (local.get $list)) (local.get $made)))
        (local.set $list (struct.get $cell $tail (local.get $list)))
        (br $more)))
    (local.get $made))
  ;; The odd ones doubled, in reverse.
  (func $pick (param $list (ref null $cell)) (result (ref null $cell))
    (local $made (ref null $cell)) (local $head i32)
    (block $end
      (loop $more
        (local.set $head (struct.get $cell $head (br_on_null $end (local.get $list))))
        (if (i32.and (local.get $head) (i32.const 1))
          (then (local.set $made (struct.new $cell (i32.shl (local.get $head) (i32.const 1)) (local.get $made)))))
        (local.set $list (struct.get $cell $tail (local.get $list)))
        (br $more))
      (unreachable))
    (local.get $made))
  ;; Every second element, from the given one.
  (func $half (param $list (ref null $cell)) (result (ref null $cell))
    (if (ref.is_null (local.get $list)) (then (return (ref.null $cell))))
    (if (ref.is_null (struct.get $cell $tail (local.get $list))) (then (return (local.get $list))))
    (struct.new $cell (struct.get $cell $head (local.get $list))
      (call $half (struct.get $cell $tail (struct.get $cell $tail (local.get $list))))))
  (func $merge (param $a (ref null $cell)) (param $b (ref null $cell)) (result (ref null $cell))
    (if (ref.is_null (local.get $a)) (then (return (local.get $b))))
    (if (ref.is_null (local.get $b)) (then (return (local.get $a))))
    (if (i32.gt_u (struct.get $cell $head (local.get $a)) (struct.get $cell $head (local.get $b)))
      (then (return
        (struct.new $cell (struct.get $cell $head (local.get $b))
          (call $merge (local.get $a) (struct.get $cell $tail (local.get $b)))))))
    (struct.new $cell (struct.get $cell $head (local.get $a))
      (call $merge (struct.get $cell $tail (local.get $a)) (local.get $b))))
  (func $sort (param $list (ref null $cell)) (result (ref null $cell))
    (if (ref.is_null (local.get $list)) (then (return (local.get $list))))
    (if (ref.is_null (struct.get $cell $tail (local.get $list))) (then (return (local.get $list))))
    (call $merge
      (call $sort (call $half (local.get $list)))
      (call $sort (call $half (struct.get $cell $tail (local.get $list))))))
  (func $hash (param $list (ref null $cell)) (result i32)
    (local $sum i32)
    (block $end
      (loop $more
        (br_if $end (ref.is_null (local.get $list)))
        (local.set $sum
          (i32.add (i32.mul (local.get $sum) (i32.const 31)) (struct.get $cell $head (local.get $list))))
        (local.set $list (struct.get $cell $tail (local.get $list)))
        (br $more)))
    (local.get $sum))
  (func (export "run") (param $n i32) (result i32)
    (local $list (ref null $cell)) (local $sum i32)
    (global.set $state (i32.const 2463534))
    (block $done
      (loop $rounds
        (br_if $done (i32.eqz (local.get $n)))
        (local.set $list (call $make (i32.const 500)))
        (local.set $sum (i32.add (local.get $sum) (call $hash (call $sort (local.get $list)))))
        (local.set $sum (i32.xor (local.get $sum) (call $hash (call $pick (call $reverse (local.get $list))))))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $rounds)))
    (local.get $sum)))
