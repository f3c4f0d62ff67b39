"""What is in the place of JavaScript's functions in modules that were made for it: bodies of functions, as text.

Strings are arrays of UTF-16, of the type `$characters`; what Kotlin has as an `Error` of JavaScript is an `$error`.
"""

TYPES = "(type $characters (array (mut i16))) (type $error (struct (field $exception (mut externref))))"

_ZERO = "(i32.const 0)"
_FIRST, _SECOND = (f"(ref.cast (ref $characters) (any.convert_extern (local.get {n})))" for n in (0, 1))
_SPAN = "(i32.sub (local.get 2) (local.get 1))"
_MADE = "(local $made (ref null $characters)) (local.set $made (array.new_default $characters {}))"
_COPY = "(array.copy $characters $characters (local.get {}) {} {} {} {})"
_RETURNED = "(ref.as_non_null (extern.convert_any (local.get $made)))"
_EQUALS = f"""
    (local $one (ref $characters)) (local $other (ref $characters)) (local $at i32)
    (local.set $one {_FIRST})
    (local.set $other {_SECOND})
    (if (i32.ne (array.len (local.get $one)) (array.len (local.get $other))) (then (return {_ZERO})))
    (loop $next
      (if (i32.eq (local.get $at) (array.len (local.get $one))) (then (return (i32.const 1))))
      (array.get_u $characters (local.get $one) (local.get $at))
      (array.get_u $characters (local.get $other) (local.get $at))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.eq)))
    {_ZERO}"""
_COMPARE = f"""
    (local $one (ref $characters)) (local $other (ref $characters)) (local $at i32)
    (local $first i32) (local $second i32)
    (local.set $one {_FIRST})
    (local.set $other {_SECOND})
    (loop $next
      (local.set $first (i32.const -1)) (local.set $second (i32.const -1))
      (if (i32.lt_u (local.get $at) (array.len (local.get $one))) (then
        (local.set $first (array.get_u $characters (local.get $one) (local.get $at)))))
      (if (i32.lt_u (local.get $at) (array.len (local.get $other))) (then
        (local.set $second (array.get_u $characters (local.get $other) (local.get $at)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.and (i32.eq (local.get $first) (local.get $second)) (i32.ge_s (local.get $first) {_ZERO}))))
    (i32.sub (i32.gt_s (local.get $first) (local.get $second)) (i32.lt_s (local.get $first) (local.get $second)))"""
# What `wasm:js-string` has (https://webassembly.github.io/js-string-builtins/).
_STRINGS = {
    "length": f"(array.len {_FIRST})",
    "charCodeAt": f"(array.get_u $characters {_FIRST} (local.get 1))",
    "concat": _MADE.format(f"(i32.add (array.len {_FIRST}) (array.len {_SECOND}))")
    + _COPY.format("$made", _ZERO, _FIRST, _ZERO, f"(array.len {_FIRST})")
    + _COPY.format("$made", f"(array.len {_FIRST})", _SECOND, _ZERO, f"(array.len {_SECOND})")
    + _RETURNED,
    "compare": _COMPARE,
    "equals": _EQUALS,
    "fromCharCode": _MADE.format("(i32.const 1)")
    + f"(array.set $characters (local.get $made) {_ZERO} (local.get 0)) {_RETURNED}",
    "fromCharCodeArray": _MADE.format(_SPAN)
    + _COPY.format("$made", _ZERO, "(local.get 0)", "(local.get 1)", _SPAN)
    + _RETURNED,
    "intoCharCodeArray": _COPY.format(1, "(local.get 2)", _FIRST, _ZERO, f"(array.len {_FIRST})")
    + f"(array.len {_FIRST})",
    "substring": _MADE.format(_SPAN) + _COPY.format("$made", _ZERO, _FIRST, "(local.get 1)", _SPAN) + _RETURNED,
}
_DECIMAL = f"""
    (local $left i64) (local $at i32) (local $all (ref $characters)) {_MADE.format(_ZERO)}
    (local.set $at (i32.const 11))
    (local.set $all (array.new_default $characters (i32.const 11)))
    (local.set $left (i64.extend_i32_s (local.get 0)))
    (if (i64.lt_s (local.get $left) (i64.const 0))
      (then (local.set $left (i64.sub (i64.const 0) (local.get $left)))))
    (loop $next
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (array.set $characters (local.get $all) (local.get $at)
        (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $left) (i64.const 10)))))
      (local.set $left (i64.div_u (local.get $left) (i64.const 10)))
      (br_if $next (i64.ne (local.get $left) (i64.const 0))))
    (if (i32.lt_s (local.get 0) {_ZERO}) (then
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (array.set $characters (local.get $all) (local.get $at) (i32.const 45))))
    (local.set $made (array.new_default $characters (i32.sub (i32.const 11) (local.get $at))))
    {_COPY.format("$made", _ZERO, "(local.get $all)", "(local.get $at)", "(i32.sub (i32.const 11) (local.get $at))")}
    {_RETURNED}"""
_ERROR = "(ref.cast (ref $error) (any.convert_extern (local.get 0)))"
_EMPTY = f"(extern.convert_any (array.new_default $characters {_ZERO}))"
# What Kotlin's library writes in JavaScript; an error there holds the exception that was thrown.
_KOTLIN = {
    "kotlin.createJsError": "(extern.convert_any (struct.new_default $error))",
    "kotlin.js.JsError_$external_class_instanceof": "(ref.test (ref $error) (any.convert_extern (local.get 0)))",
    "kotlin.js.kotlinException_$external_prop_getter": f"(struct.get $error $exception {_ERROR})",
    "kotlin.js.kotlinException_$external_prop_setter": f"(struct.set $error $exception {_ERROR} (local.get 1))",
    "kotlin.js.message_$external_prop_getter": _EMPTY,
    "kotlin.js.name_$external_prop_setter": "",
    "kotlin.js.stackPlaceHolder_js_code": _EMPTY,
    "kotlin.random.initialSeed": _ZERO,
    "kotlin.wasm.internal.externrefEquals": _EQUALS,
    "kotlin.wasm.internal.externrefHashCode": "unreachable",
    "kotlin.wasm.internal.externrefToString": "(local.get 0)",
    "kotlin.wasm.internal.getCachedJsObject_$external_fun": "(local.get 1)",
    "kotlin.wasm.internal.getConstructor": "unreachable",
    "kotlin.wasm.internal.getJsClassName": "unreachable",
    "kotlin.wasm.internal.getJsEmptyString": _EMPTY,
    "kotlin.wasm.internal.isNullish": "(ref.is_null (local.get 0))",
    "kotlin.wasm.internal.itoa32_$external_fun": _DECIMAL,
    "kotlin.wasm.internal.jsThrow": "",  # what it does not throw, Kotlin does
}

KNOWN: dict[str, dict[str, str]] = {
    "wasm:js-string": _STRINGS,
    "teavmMath": {name: f"(f64.{name} (local.get 0))" for name in ("sqrt", "floor", "ceil")},
    "js_code": _KOTLIN,
}
"""Bodies of functions by module and name. What a module here lacks has no stand-in."""


def string_constant(text: str) -> str:
    """A constant expression of type `(ref extern)`."""
    units = text.encode("utf-16-le", "surrogatepass")
    numbers = [int.from_bytes(units[at : at + 2], "little") for at in range(0, len(units), 2)]
    items = "".join(f" (i32.const {number})" for number in numbers)
    return f"(extern.convert_any (array.new_fixed $characters {len(numbers)}{items}))"
