(module
  (func $plain (param i32) (result i32)
    (block $default (block $two (block $one (block $zero
      (br_table $zero $one $two $default (local.get 0)))
      (return (i32.const 10)))
      (return (i32.const 11)))
      (return (i32.const 12)))
    i32.const 13)

  (func $with_values (param i32) (result i32)
    (block $outer (result i32)
      (i32.add
        (i32.const 100)
        (block $inner (result i32)
          (br_table $inner $outer 2 (i32.const 5) (local.get 0))))))

  (func $back (param i32) (local i32)
    (loop $again
      (local.set 1 (i32.add (local.get 1) (i32.const 1)))
      (block $out (br_table $again $out (i32.lt_u (local.get 1) (local.get 0)))))))
