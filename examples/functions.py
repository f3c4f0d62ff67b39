"""Calls a function of a module written as text, and sees it trap.

Prints:
    20! = 2432902008176640000
    the guest trapped: integer divide by zero
"""

from fusee import Engine, Func, Instance, Module, Store, Trap

TEXT = """
(module
  (func $factorial (export "factorial") (param $n i64) (result i64)
    (if (result i64) (i64.eqz (local.get $n))
      (then (i64.const 1))
      (else (i64.mul (local.get $n) (call $factorial (i64.sub (local.get $n) (i64.const 1)))))))
  (func (export "divide") (param i32 i32) (result i32)
    (i32.div_s (local.get 0) (local.get 1))))
"""


def main() -> None:
    engine = Engine()
    store = Store(engine)
    exports = Instance(store, Module(engine, TEXT), []).exports(store)
    factorial, divide = exports["factorial"], exports["divide"]
    assert isinstance(factorial, Func)
    assert isinstance(divide, Func)
    print("20! =", factorial(store, 20))
    try:
        divide(store, 1, 0)
    except Trap as trap:
        print("the guest trapped:", trap.reason)


if __name__ == "__main__":
    main()
