"""Gives a module Python functions to call: they read its memory, and what they raise passes through the guest.

Prints:
    the guest says: tick
    the guest says: tock
    stopped by the host: that is enough
"""

from fusee import Caller, Engine, Func, FuncType, Linker, Memory, Module, Store, ValType

TEXT = """
(module
  (import "host" "say" (func $say (param $address i32) (param $length i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "ticktock")
  (func (export "run")
    (call $say (i32.const 0) (i32.const 4))
    (call $say (i32.const 4) (i32.const 4))
    (call $say (i32.const 0) (i32.const 8))))
"""


class EnoughError(Exception):
    """Raised by the host function; the guest knows nothing of it."""


def say(caller: Caller, address: int, length: int) -> None:
    memory = caller["memory"]
    assert isinstance(memory, Memory)
    if length > 4:
        raise EnoughError("that is enough")
    print("the guest says:", memory.read(caller, address, address + length).decode())


def main() -> None:
    engine = Engine()
    store = Store(engine)
    linker = Linker(engine)
    i32 = ValType.i32()
    linker.define_func("host", "say", FuncType([i32, i32], []), say, access_caller=True)
    run = linker.instantiate(store, Module(engine, TEXT)).exports(store)["run"]
    assert isinstance(run, Func)
    try:
        run(store)
    except EnoughError as error:
        print("stopped by the host:", error)


if __name__ == "__main__":
    main()
