"""Whether stores leave something behind: `python -m tests.collector.stores [STORES [THREADS]]`.

Threads share an engine and a module. Each makes a store, an instance and objects that form cycles, and drops all of
it, again and again. One of the cycles leads through Python: a list is in the objects of a guest, and has a reference
to one. So Python ends the stores when it looks for cycles. Ten times what the process takes after that is printed.
"""

import gc
import sys
import threading
import time
from pathlib import Path

from fusee import Engine, Instance, Module, Store

GUEST = """(module
  (type $node (struct (field (mut (ref null $node))) (field (mut externref))))
  (tag $thrown (param (ref null $node)))
  (table 8 (ref null $node))
  (global $kept (mut (ref null $node)) (ref.null $node))
  (func (export "run") (param $host externref) (param $count i32) (result anyref)
    (local $a (ref null $node))
    (loop $again
      (local.set $a (struct.new $node (global.get $kept) (local.get $host)))
      (struct.set $node 0 (local.get $a) (struct.new $node (local.get $a) (local.get $host)))
      (global.set $kept (local.get $a))
      (table.set (i32.and (local.get $count) (i32.const 7)) (local.get $a))
      (block $caught (result (ref null $node))
        (try_table (catch $thrown $caught) (throw $thrown (local.get $a)))
        (unreachable))
      drop
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $a)))"""

PARTS = 10
OBJECTS = 4


def resident_bytes() -> int:
    """What this process has in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def use_stores(engine: Engine, module: Module, count: int) -> None:
    """Make and drop so many."""
    for _ in range(count):
        store = Store(engine)
        held: list[object] = []
        function = Instance(store, module, []).exports(store)["run"]
        held.append(function(store, held, OBJECTS))  # type: ignore[operator]


def run_part(engine: Engine, module: Module, count: int, threads: int) -> None:
    workers = [threading.Thread(target=use_stores, args=(engine, module, count // threads)) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def main(stores: int = 1_000_000, threads: int = 8) -> None:
    engine = Engine()
    module = Module(engine, GUEST)
    print("| stores | MB in memory | s of processor time |\n|---|---|---|")
    for part in range(1, PARTS + 1):
        run_part(engine, module, stores // PARTS, threads)
        gc.collect()
        print(f"| {part * stores // PARTS:,} | {resident_bytes() / 1e6:.1f} | {time.process_time():.0f} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
