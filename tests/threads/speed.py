"""How much more two threads do than one, in stores of their own and on one memory: `python -m tests.threads speed`.

The machine may do something else meanwhile. So threads count what they finish in a while, and the best of several
rounds counts; what processor time the process was given in it is shown beside.
"""

import ctypes
import threading
import time
from typing import Any, Final

from fusee import Engine, Instance, Limits, MemoryType, Module, SharedMemory, Store

N: Final = 64  # rows and columns
PAGES: Final = 4
COUNTER: Final = 24 * N * N  # behind the three matrices: the next row
STOPPED: Final = 0x3FFF_FFFF

PRODUCT: Final = f"""(module (import "" "memory" (memory {PAGES} {PAGES} shared))
  (func (export "fill") (local $i i32)
    (loop $again
      (f64.store (i32.shl (local.get $i) (i32.const 3)) (f64.convert_i32_u (i32.and (local.get $i) (i32.const 15))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {2 * N * N})))))
  (func $row (param $row i32) (local $column i32) (local $k i32) (local $sum f64)
    (loop $columns
      (local.set $sum (f64.const 0)) (local.set $k (i32.const 0))
      (loop $terms
        (local.set $sum (f64.add (local.get $sum) (f64.mul
          (f64.load (i32.shl (i32.add (i32.mul (local.get $row) (i32.const {N})) (local.get $k)) (i32.const 3)))
          (f64.load offset={8 * N * N}
            (i32.shl (i32.add (i32.mul (local.get $k) (i32.const {N})) (local.get $column)) (i32.const 3))))))
        (br_if $terms (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const {N}))))
      (f64.store offset={16 * N * N}
        (i32.shl (i32.add (i32.mul (local.get $row) (i32.const {N})) (local.get $column)) (i32.const 3))
        (local.get $sum))
      (br_if $columns
        (i32.lt_u (local.tee $column (i32.add (local.get $column) (i32.const 1))) (i32.const {N})))))
  (func (export "work") (param $end i32) (result i32) (local $next i32) (local $done i32)
    (block $out (loop $again
      (br_if $out (i32.ge_u (local.tee $next (i32.atomic.rmw.add (i32.const {COUNTER}) (i32.const 1)))
        (local.get $end)))
      (call $row (i32.rem_u (local.get $next) (i32.const {N})))
      (local.set $done (i32.add (local.get $done) (i32.const 1)))
      (br $again)))
    (local.get $done))
  (func (export "sum") (result f64) (local $i i32) (local $sum f64)
    (loop $again
      (local.set $sum (f64.add (local.get $sum) (f64.load offset={16 * N * N} (i32.shl (local.get $i) (i32.const 3)))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {N * N}))))
    (local.get $sum)))"""
"""Rows of a matrix product, each for the thread that comes for the next one first."""


def right_sum() -> float:
    """Of all elements of the product."""
    values = [number & 15 for number in range(2 * N * N)]
    columns = [sum(values[row * N + k] for row in range(N)) for k in range(N)]
    rows = [sum(values[N * N + k * N + column] for column in range(N)) for k in range(N)]
    return float(sum(a * b for a, b in zip(columns, rows, strict=True)))


class Product:
    """The guests of so many threads, on one memory, or each on its own."""

    def __init__(self, threads: int, *, is_shared: bool) -> None:
        engine = Engine()
        module = Module(engine, PRODUCT)
        kind = MemoryType(Limits(PAGES, PAGES), shared=True)
        self.memories = [SharedMemory(engine, kind) for _ in range(1 if is_shared else threads)]
        self.guests: list[tuple[Store, Any]] = []
        for number in range(threads):
            store = Store(engine)
            exports: Any = Instance(store, module, [self.memories[number % len(self.memories)]]).exports(store)
            exports["fill"](store)
            self.guests.append((store, exports))

    def set_next(self, row: int) -> None:
        """Which row is the next."""
        for memory in self.memories:
            ctypes.c_uint32.from_address(ctypes.addressof(memory.data_ptr().contents) + COUNTER).value = row

    def compute(self) -> list[float]:
        """The sum of the whole product in each memory."""
        self.set_next(0)
        for store, guest in self.guests:
            guest["work"](store, N)
        return [guest["sum"](store) for store, guest in self.guests]

    def rows(self, seconds: float) -> int:
        """How many rows the threads finish in so many seconds."""
        done = [0] * len(self.guests)

        def work(number: int) -> None:
            store, guest = self.guests[number]
            done[number] = guest["work"](store, STOPPED)

        self.set_next(0)
        threads = [threading.Thread(target=work, args=(number,)) for number in range(len(self.guests))]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self.set_next(STOPPED)
        for thread in threads:
            thread.join()
        return sum(done)


def measure(seconds: float, rounds: int) -> None:
    """Print a table."""
    for is_shared in (False, True):
        products = [Product(threads, is_shared=is_shared) for threads in (1, 2)]
        assert [total for product in products for total in product.compute()] == [right_sum()] * 3
        print("two guests on one memory:" if is_shared else "two stores:")
        by_time, by_processor = [0.0, 0.0], [0.0, 0.0]
        for _ in range(rounds):
            line = ""
            for number, product in enumerate(products):
                begun, used = time.monotonic(), time.process_time()
                rows = product.rows(seconds)
                taken, used = time.monotonic() - begun, time.process_time() - used
                by_time[number] = max(by_time[number], rows / taken)
                by_processor[number] = max(by_processor[number], rows / used)
                line += f"  {number + 1}: {rows / taken:9,.0f} rows/s on {used / taken:4.2f} processors"
            print(line)
        print(f"  by the clock, best of {rounds}: {by_time[1] / by_time[0]:.2f} times one thread")
        print(f"  if each has a processor (rows per second of it): {2 * by_processor[1] / by_processor[0]:.2f} times")
