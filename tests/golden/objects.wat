(module
  (type $point (sub (struct (field (mut i32)) (field (mut f64)))))
  (type $named (sub final $point (struct (field (mut i32)) (field (mut f64)) (field (mut i8)) (field i64))))
  (type $bytes (array (mut i8)))
  (type $longs (array (mut i64)))

  (func $fields (param (ref null $named)) (result i32)
    (struct.set $named 2 (local.get 0) (i32.const 7))
    (struct.set $named 1 (local.get 0) (f64.mul (struct.get $named 1 (local.get 0)) (f64.const 2)))
    (i32.add (struct.get_s $named 2 (local.get 0)) (struct.get $point 0 (local.get 0))))

  (func $new (param i32 f64) (result (ref $named))
    (struct.new $named (i32.add (local.get 0) (i32.const 1)) (local.get 1) (i32.const 0) (i64.const 0x123456789abc)))

  (func $new_among_others (param i32) (result i32 (ref $point) i32)
    (i32.add (local.get 0) (i32.const 1))
    (struct.new $point (i32.mul (local.get 0) (local.get 0)) (f64.const 0))
    (local.get 0))

  (func $default (result (ref $point))
    (struct.new_default $point))

  (func $sum (param $of (ref $longs)) (result i64) (local $sum i64) (local $i i32)
    (loop $next
      (local.set $sum (i64.add (local.get $sum) (array.get $longs (local.get $of) (local.get $i))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (array.len (local.get $of)))))
    (local.get $sum))

  (func $bytes (param i32) (result i32) (local (ref $bytes))
    (local.set 1 (array.new $bytes (i32.const 1) (local.get 0)))
    (array.set $bytes (local.get 1) (i32.const 0) (i32.add (local.get 0) (i32.const 5)))
    (array.get_u $bytes (local.get 1) (i32.sub (local.get 0) (i32.const 1))))

  (func $casts (param anyref) (result i32)
    (i32.add
      (struct.get $named 0 (ref.cast (ref $named) (local.get 0)))
      (struct.get $point 0 (ref.cast (ref null $point) (local.get 0)))))

  (func $tests (param anyref) (result i32)
    (if (ref.test (ref $point) (local.get 0)) (then (return (i32.const 1))))
    (if (i32.eqz (ref.test (ref null $named) (local.get 0))) (then (return (i32.const 2))))
    (ref.test (ref i31) (local.get 0)))

  (func $branches (param anyref) (result i32)
    (block $other (result anyref)
      (return (struct.get $named 0 (br_on_cast_fail $other anyref (ref $named) (local.get 0)))))
    (drop)
    (block $number (result (ref i31))
      (drop (br_on_cast $number anyref (ref i31) (local.get 0)))
      (return (i32.const -1)))
    (i31.get_s))

  (func $numbers (param i32) (result i32)
    (ref.eq (ref.i31 (local.get 0)) (ref.i31 (i32.const 3)))))
