;; A persistent map as a balanced tree (a treap) whose changes copy the path, and a hash map of chains that grows.
(module
  (type $tree (struct
    (field $key i32) (field $value i32) (field $left (ref null $tree)) (field $right (ref null $tree))))
  (type $entry (struct (field $key i32) (field $count (mut i32)) (field $next (mut (ref null $entry)))))
  (type $buckets (array (mut (ref null $entry))))
  (type $table (struct (field $size (mut i32)) (field $buckets (mut (ref $buckets)))))
  (func $mix (param $key i32) (result i32)
    (local.set $key (i32.mul (i32.xor (local.get $key) (i32.shr_u (local.get $key) (i32.const 15))) (i32.const 0x2c1b3c6d)))
    (i32.xor (local.get $key) (i32.shr_u (local.get $key) (i32.const 12))))
  (func $with (param $t (ref null $tree)) (param $key i32) (param $value i32) (result (ref $tree))
    (local $made (ref $tree)) (local $child (ref $tree)) (local $old (ref $tree))
    (block $empty
      (local.set $old (br_on_null $empty (local.get $t)))
      (if (i32.eq (local.get $key) (struct.get $tree $key (local.get $old)))
        (then (return
          (struct.new $tree (local.get $key) (i32.add (local.get $value) (struct.get $tree $value (local.get $old)))
            (struct.get $tree $left (local.get $old)) (struct.get $tree $right (local.get $old))))))
      (if (i32.lt_u (local.get $key) (struct.get $tree $key (local.get $old)))
        (then
          (local.set $child (call $with (struct.get $tree $left (local.get $old)) (local.get $key) (local.get $value)))
          (if (i32.lt_u (call $mix (struct.get $tree $key (local.get $old)))
                (call $mix (struct.get $tree $key (local.get $child))))
            (then (return
              (struct.new $tree (struct.get $tree $key (local.get $child)) (struct.get $tree $value (local.get $child))
                (struct.get $tree $left (local.get $child))
                (struct.new $tree (struct.get $tree $key (local.get $old)) (struct.get $tree $value (local.get $old))
                  (struct.get $tree $right (local.get $child)) (struct.get $tree $right (local.get $old)))))))
          (return
            (struct.new $tree (struct.get $tree $key (local.get $old)) (struct.get $tree $value (local.get $old))
              (local.get $child) (struct.get $tree $right (local.get $old))))))
      (local.set $child (call $with (struct.get $tree $right (local.get $old)) (local.get $key) (local.get $value)))
      (if (i32.lt_u (call $mix (struct.get $tree $key (local.get $old)))
            (call $mix (struct.get $tree $key (local.get $child))))
        (then (return
          (struct.new $tree (struct.get $tree $key (local.get $child)) (struct.get $tree $value (local.get $child))
            (struct.new $tree (struct.get $tree $key (local.get $old)) (struct.get $tree $value (local.get $old))
              (struct.get $tree $left (local.get $old)) (struct.get $tree $left (local.get $child)))
            (struct.get $tree $right (local.get $child))))))
      (return
        (struct.new $tree (struct.get $tree $key (local.get $old)) (struct.get $tree $value (local.get $old))
          (struct.get $tree $left (local.get $old)) (local.get $child))))
    (struct.new $tree (local.get $key) (local.get $value) (ref.null $tree) (ref.null $tree)))
  (func $hash (param $t (ref null $tree)) (result i32)
    (if (ref.is_null (local.get $t)) (then (return (i32.const 1))))
    (i32.add
      (i32.mul (call $hash (struct.get $tree $left (local.get $t))) (i32.const 31))
      (i32.xor
        (i32.mul (struct.get $tree $key (local.get $t)) (struct.get $tree $value (local.get $t)))
        (call $hash (struct.get $tree $right (local.get $t))))))
  (func $grow (param $table (ref $table))
    (local $old (ref $buckets)) (local $made (ref $buckets)) (local $i i32) (local $slot i32)
    (local $entry (ref null $entry)) (local $next (ref null $entry))
    (local.set $old (struct.get $table $buckets (local.get $table)))
    (local.set $made (array.new_default $buckets (i32.shl (array.len (local.get $old)) (i32.const 1))))
    (loop $slots
      (local.set $entry (array.get $buckets (local.get $old) (local.get $i)))
      (block $end
        (loop $chain
          (br_if $end (ref.is_null (local.get $entry)))
          (local.set $next (struct.get $entry $next (local.get $entry)))
          (local.set $slot (i32.and (call $mix (struct.get $entry $key (local.get $entry)))
            (i32.sub (array.len (local.get $made)) (i32.const 1))))
          (struct.set $entry $next (local.get $entry) (array.get $buckets (local.get $made) (local.get $slot)))
          (array.set $buckets (local.get $made) (local.get $slot) (local.get $entry))
          (local.set $entry (local.get $next))
          (br $chain)))
      (br_if $slots (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (array.len (local.get $old)))))
    (struct.set $table $buckets (local.get $table) (local.get $made)))
  (func $count (param $table (ref $table)) (param $key i32)
    (local $entry (ref null $entry)) (local $buckets (ref $buckets)) (local $slot i32)
    (local.set $buckets (struct.get $table $buckets (local.get $table)))
    (local.set $slot (i32.and (call $mix (local.get $key)) (i32.sub (array.len (local.get $buckets)) (i32.const 1))))
    (local.set $entry (array.get $buckets (local.get $buckets) (local.get $slot)))
    (block $missing
      (loop $chain
        (br_if $missing (ref.is_null (local.get $entry)))
        (if (i32.eq (struct.get $entry $key (local.get $entry)) (local.get $key))
          (then
            (struct.set $entry $count (local.get $entry)
              (i32.add (struct.get $entry $count (local.get $entry)) (i32.const 1)))
            (return)))
        (local.set $entry (struct.get $entry $next (local.get $entry)))
        (br $chain)))
    (array.set $buckets (local.get $buckets) (local.get $slot)
      (struct.new $entry (local.get $key) (i32.const 1) (array.get $buckets (local.get $buckets) (local.get $slot))))
    (struct.set $table $size (local.get $table) (i32.add (struct.get $table $size (local.get $table)) (i32.const 1)))
    (if (i32.gt_u (struct.get $table $size (local.get $table)) (array.len (local.get $buckets)))
      (then (call $grow (local.get $table)))))
  (func $total (param $table (ref $table)) (result i32)
    (local $i i32) (local $sum i32) (local $entry (ref null $entry))
    (loop $slots
      (local.set $entry
        (array.get $buckets (struct.get $table $buckets (local.get $table)) (local.get $i)))
      (block $end
        (loop $chain
          (br_if $end (ref.is_null (local.get $entry)))
          (local.set $sum (i32.add (local.get $sum)
            (i32.mul (struct.get $entry $key (local.get $entry)) (struct.get $entry $count (local.get $entry)))))
          (local.set $entry (struct.get $entry $next (local.get $entry)))
          (br $chain)))
      (br_if $slots (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
        (array.len (struct.get $table $buckets (local.get $table))))))
    (local.get $sum))
  (func (export "run") (param $n i32) (result i32)
    (local $tree (ref null $tree)) (local $table (ref $table)) (local $i i32) (local $key i32) (local $sum i32)
    (block $done
      (loop $rounds
        (br_if $done (i32.eqz (local.get $n)))
        (local.set $tree (ref.null $tree))
        (local.set $table (struct.new $table (i32.const 0) (array.new_default $buckets (i32.const 8))))
        (local.set $i (i32.const 1000))
        (loop $keys
          (local.set $key (i32.and (call $mix (i32.add (local.get $i) (local.get $n))) (i32.const 511)))
          (local.set $tree (call $with (local.get $tree) (local.get $key) (local.get $i)))
          (call $count (local.get $table) (local.get $key))
          (br_if $keys (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
        (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 33))
          (i32.xor (call $hash (local.get $tree)) (call $total (local.get $table)))))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $rounds)))
    (local.get $sum)))
