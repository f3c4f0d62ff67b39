;; A lexer as a state machine: a function for each state, a tail call through a table from byte to byte, n times over a text.
(module
  (type $state (func (param $at i32) (param $sum i32) (result i32)))
  (memory 1)
  (global $length i32 (i32.const 16384))
  (global $text i32 (i32.const 1024))

  ;; The classes of the 128 characters: 0 other, 1 blank, 2 digit, 3 letter, 4 quote, 5 operator, 6 the end.
  (data (i32.const 0)
    "\06\00\00\00\00\00\00\00\00\01\01\00\00\01\00\00" "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00"
    "\01\05\04\05\05\05\05\04\05\05\05\05\05\05\05\05" "\02\02\02\02\02\02\02\02\02\02\05\05\05\05\05\05"
    "\05\03\03\03\03\03\03\03\03\03\03\03\03\03\03\03" "\03\03\03\03\03\03\03\03\03\03\03\05\05\05\05\03"
    "\05\03\03\03\03\03\03\03\03\03\03\03\03\03\03\03" "\03\03\03\03\03\03\03\03\03\03\03\05\05\05\05\00")

  ;; What follows a byte of each class: in most states a token ends where another class begins.
  (table 8 funcref)
  (elem (i32.const 0) $other $blank $digit $letter $quote $operator $end)

  (func $class (param $at i32) (result i32)
    (i32.load8_u (i32.and (i32.load8_u (local.get $at)) (i32.const 127))))

  (func $mix (param $sum i32) (param $value i32) (result i32)
    (i32.add (i32.mul (local.get $sum) (i32.const 31)) (local.get $value)))

  (func $other (type $state) (param $at i32) (param $sum i32) (result i32)
    (return_call_indirect (type $state)
      (i32.add (local.get $at) (i32.const 1))
      (call $mix (local.get $sum) (i32.const 1))
      (call $class (i32.add (local.get $at) (i32.const 1)))))

  (func $blank (type $state) (param $at i32) (param $sum i32) (result i32)
    (return_call_indirect (type $state)
      (i32.add (local.get $at) (i32.const 1))
      (local.get $sum)
      (call $class (i32.add (local.get $at) (i32.const 1)))))

  (func $operator (type $state) (param $at i32) (param $sum i32) (result i32)
    (return_call_indirect (type $state)
      (i32.add (local.get $at) (i32.const 1))
      (call $mix (local.get $sum) (i32.load8_u (local.get $at)))
      (call $class (i32.add (local.get $at) (i32.const 1)))))

  (func $digit (type $state) (param $at i32) (param $sum i32) (result i32)
    (return_call $number
      (i32.add (local.get $at) (i32.const 1))
      (local.get $sum)
      (i32.sub (i32.load8_u (local.get $at)) (i32.const 48))))

  (func $number (param $at i32) (param $sum i32) (param $value i32) (result i32)
    (if (i32.eq (call $class (local.get $at)) (i32.const 2))
      (then
        (return_call $number
          (i32.add (local.get $at) (i32.const 1))
          (local.get $sum)
          (i32.add
            (i32.mul (local.get $value) (i32.const 10))
            (i32.sub (i32.load8_u (local.get $at)) (i32.const 48))))))
    (return_call_indirect (type $state)
      (local.get $at)
      (call $mix (local.get $sum) (local.get $value))
      (call $class (local.get $at))))

  (func $letter (type $state) (param $at i32) (param $sum i32) (result i32)
    (return_call $name (local.get $at) (local.get $sum) (i32.const 5381)))

  (func $name (param $at i32) (param $sum i32) (param $hash i32) (result i32)
    (local $class i32)
    (local.set $class (call $class (local.get $at)))
    (if (i32.or (i32.eq (local.get $class) (i32.const 3)) (i32.eq (local.get $class) (i32.const 2)))
      (then
        (return_call $name
          (i32.add (local.get $at) (i32.const 1))
          (local.get $sum)
          (i32.xor (i32.mul (local.get $hash) (i32.const 33)) (i32.load8_u (local.get $at))))))
    (return_call_indirect (type $state)
      (local.get $at)
      (call $mix (local.get $sum) (local.get $hash))
      (local.get $class)))

  (func $quote (type $state) (param $at i32) (param $sum i32) (result i32)
    (return_call $string
      (i32.add (local.get $at) (i32.const 1))
      (local.get $sum)
      (i32.load8_u (local.get $at))))

  ;; Up to the same quote, or to the end.
  (func $string (param $at i32) (param $sum i32) (param $quote i32) (result i32)
    (local $byte i32)
    (local.set $byte (i32.load8_u (local.get $at)))
    (if (i32.eqz (local.get $byte))
      (then (return_call $end (local.get $at) (local.get $sum))))
    (if (i32.eq (local.get $byte) (local.get $quote))
      (then
        (return_call_indirect (type $state)
          (i32.add (local.get $at) (i32.const 1))
          (call $mix (local.get $sum) (local.get $quote))
          (call $class (i32.add (local.get $at) (i32.const 1))))))
    (return_call $string
      (i32.add (local.get $at) (i32.const 1))
      (call $mix (local.get $sum) (local.get $byte))
      (local.get $quote)))

  (func $end (type $state) (param $at i32) (param $sum i32) (result i32)
    (local.get $sum))

  ;; Letters twice as often as all else, so that names have some length; a zero ends the text.
  (func $write_text
    (local $at i32) (local $random i32) (local $byte i32)
    (local.set $random (i32.const 123456789))
    (loop $next
      (local.set $random (i32.xor (local.get $random) (i32.shl (local.get $random) (i32.const 13))))
      (local.set $random (i32.xor (local.get $random) (i32.shr_u (local.get $random) (i32.const 17))))
      (local.set $random (i32.xor (local.get $random) (i32.shl (local.get $random) (i32.const 5))))
      (local.set $byte (i32.and (i32.shr_u (local.get $random) (i32.const 9)) (i32.const 127)))
      (local.set $byte
        (select
          (i32.add (i32.const 97) (i32.and (local.get $byte) (i32.const 15)))
          (select (local.get $byte) (i32.const 32) (i32.ge_u (local.get $byte) (i32.const 32)))
          (i32.and (local.get $random) (i32.const 1))))
      (i32.store8 (i32.add (global.get $text) (local.get $at)) (local.get $byte))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (global.get $length))))
    (i32.store8 (i32.add (global.get $text) (local.get $at)) (i32.const 0)))

  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (call $write_text)
    (loop $next
      (if (i32.gt_s (local.get $n) (i32.const 0))
        (then
          (local.set $sum
            (call_indirect (type $state)
              (global.get $text) (local.get $sum) (call $class (global.get $text))))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br $next))))
    (local.get $sum)))
