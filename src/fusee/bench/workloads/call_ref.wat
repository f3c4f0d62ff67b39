;; Calls through typed function references: a chain of handlers kept in a table, one of them a replaceable global, n times.
(module
  (type $handler (func (param $value i32) (param $event i32) (result i32)))
  (table $handlers 8 (ref null $handler))
  (elem (table $handlers) (i32.const 0) (ref null $handler)
    (item ref.func $add) (item ref.func $mix) (item ref.func $turn) (item ref.func $flip)
    (item ref.func $add) (item ref.func $pass) (item ref.func $turn) (item ref.func $count))
  (global $fallback (mut (ref $handler)) (ref.func $pass))
  (global $counted (mut i32) (i32.const 0))

  (func $add (type $handler) (param $value i32) (param $event i32) (result i32)
    (i32.add (local.get $value) (local.get $event)))

  (func $mix (type $handler) (param $value i32) (param $event i32) (result i32)
    (i32.mul (i32.xor (local.get $value) (local.get $event)) (i32.const 0x9e3779b1)))

  (func $turn (type $handler) (param $value i32) (param $event i32) (result i32)
    (i32.sub (i32.rotl (local.get $value) (i32.const 7)) (local.get $event)))

  (func $flip (type $handler) (param $value i32) (param $event i32) (result i32)
    (global.set $fallback (ref.func $mix))
    (i32.xor (local.get $value) (i32.shl (local.get $event) (i32.const 3))))

  (func $count (type $handler) (param $value i32) (param $event i32) (result i32)
    (global.set $counted (i32.add (global.get $counted) (i32.const 1)))
    (global.set $fallback (ref.func $pass))
    (local.get $value))

  (func $pass (type $handler) (param $value i32) (param $event i32) (result i32)
    (local.get $value))

  ;; A higher-order function: the handler that it is given, twice.
  (func $twice (param $function (ref $handler)) (param $value i32) (param $event i32) (result i32)
    (call_ref $handler
      (call_ref $handler (local.get $value) (local.get $event) (local.get $function))
      (i32.add (local.get $event) (i32.const 1))
      (local.get $function)))

  (func (export "run") (param $n i32) (result i32)
    (local $value i32) (local $event i32)
    (global.set $counted (i32.const 0))
    (global.set $fallback (ref.func $pass))
    (loop $next
      (if (i32.lt_u (local.get $event) (local.get $n))
        (then
          (local.set $value
            (call_ref $handler
              (local.get $value)
              (local.get $event)
              (ref.as_non_null
                (table.get $handlers
                  (i32.and
                    (i32.xor (local.get $event) (i32.shr_u (local.get $event) (i32.const 3)))
                    (i32.const 7))))))
          (local.set $value (call $twice (global.get $fallback) (local.get $value) (local.get $event)))
          (local.set $event (i32.add (local.get $event) (i32.const 1)))
          (br $next))))
    (i32.xor (local.get $value) (global.get $counted))))
