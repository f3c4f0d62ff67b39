"""Exceptions that are thrown so many calls under their handler as the workload's name says: by a function that calls
itself, or with `_other` by as many different ones, each with a handler of another tag."""

_RECURSION = """
  (func $frame{last} (param $n i32) (call $deep (local.get $n) (i32.const {last})))
  (func $deep (param $n i32) (param $depth i32)
    (if (i32.eqz (local.get $depth)) (then (throw $thrown (local.get $n))))
    (call $deep (local.get $n) (i32.sub (local.get $depth) (i32.const 1))))"""

_FRAME = """
  (func $frame{frame} (param $n i32)
    (block $other
      (try_table (catch $other $other)
        (call $frame{below} (local.get $n)))))"""

_MODULE = """(module
  (tag $thrown (param i32))
  (tag $other)
  {frames}
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (block $done
      (loop $more
        (br_if $done (i32.eqz (local.get $n)))
        (local.set $sum
          (i32.add
            (i32.mul (local.get $sum) (i32.const 31))
            (block $caught (result i32)
              (try_table (catch $thrown $caught) {throwing})
              (i32.const 0))))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $more)))
    (local.get $sum)))
"""


def generate(calls: str, between: str = "") -> str:
    """The module of a workload: `throw_10` throws ten calls under the handler."""
    depth = int(calls)
    throwing = f"(call $frame{depth - 1} (local.get $n))" if depth else "(throw $thrown (local.get $n))"
    if between == "other":
        frames = "(func $frame0 (param $n i32) (throw $thrown (local.get $n)))"
        frames += "".join(_FRAME.format(frame=frame, below=frame - 1) for frame in range(1, depth))
    else:
        frames = _RECURSION.format(last=depth - 1) if depth else ""
    return _MODULE.format(frames=frames, throwing=throwing)
