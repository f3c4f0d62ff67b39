"""Whether stores leave something behind: `python -m tests.collector.stores [STORES [THREADS]]`.

Threads share an engine and a module. Each makes a store, an instance and objects that form cycles, and drops all of
it, again and again. One of the cycles leads through Python: a list is in the objects of a guest, and has a reference
to one. So Python ends the stores when it looks for cycles. Ten times what the process takes after that is printed:
how much memory it has from the system once C's allocator has given back what it can (`malloc_trim`: it keeps hundreds
of megabytes of free pieces, by thread), how much of that it has given out, how many blocks Python's allocator has, and
the number of mappings. What is given out would grow if something were left behind.
"""

import ctypes
import gc
import re
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


def mapping_count() -> int:
    return Path("/proc/self/maps").read_text(encoding="ascii", errors="replace").count("\n")


def allocated_bytes() -> int:
    """What glibc's allocator has given out, in all its arenas and apart from them."""
    libc = ctypes.CDLL(None)
    libc.open_memstream.restype = ctypes.c_void_p
    text, size = ctypes.c_char_p(), ctypes.c_size_t()
    stream = ctypes.c_void_p(libc.open_memstream(ctypes.byref(text), ctypes.byref(size)))
    libc.malloc_info(0, stream)
    libc.fclose(stream)
    whole = (text.value or b"").rpartition(b"</heap>")[2].decode()
    libc.free(text)
    totals = {kind: int(count) for kind, count in re.findall(r'type="(\w+)".*? size="(\d+)"', whole)}
    return totals["current"] + totals["mmap"] - totals["fast"] - totals["rest"]


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
    columns = "MB in memory", "MB of C's allocator", "blocks of Python's", "mappings", "s of processor time"
    print(" | ".join(["| stores", *columns]), "|")
    print("|---|---|---|---|---|---|")
    for part in range(1, PARTS + 1):
        run_part(engine, module, stores // PARTS, threads)
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        memory = f"{resident_bytes() / 1e6:.1f} | {allocated_bytes() / 1e6:.2f} | {sys.getallocatedblocks():,}"
        print(f"| {part * stores // PARTS:,} | {memory} | {mapping_count()} | {time.process_time():.0f} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
