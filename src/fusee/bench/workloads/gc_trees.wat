;; Binary trees: what lives long and what does not, walked by recursion.
(module
  (type $node (struct (field $left (ref null $node)) (field $right (ref null $node))))
  (func $make (param $depth i32) (result (ref $node))
    (if (i32.eqz (local.get $depth))
      (then (return (struct.new $node (ref.null $node) (ref.null $node)))))
    (struct.new $node
      (call $make (i32.sub (local.get $depth) (i32.const 1)))
      (call $make (i32.sub (local.get $depth) (i32.const 1)))))
  (func $check (param $node (ref $node)) (result i32)
    (block $leaf
      (return
        (i32.add (i32.const 1)
          (i32.add
            (call $check (br_on_null $leaf (struct.get $node $left (local.get $node))))
            (call $check (ref.as_non_null (struct.get $node $right (local.get $node))))))))
    (i32.const 1))
  ;; One tree of depth 12 beside `n` rounds of 64 trees of depth 8.
  (func (export "run") (param $n i32) (result i32)
    (local $long (ref null $node)) (local $sum i32) (local $i i32)
    (local.set $long (call $make (i32.const 12)))
    (block $done
      (loop $rounds
        (br_if $done (i32.eqz (local.get $n)))
        (local.set $i (i32.const 64))
        (loop $trees
          (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (call $check (call $make (i32.const 8)))))
          (br_if $trees (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $rounds)))
    (i32.add (local.get $sum) (call $check (ref.as_non_null (local.get $long))))))
