"""What the collector costs: `python -m tests.collector` prints the table of `docs/collector.md`.

Every workload builds what lives, makes garbage beside it, and then has the collector take steps as long as those that
allocation pays for, each timed by this thread's processor time.
"""

from collections.abc import Callable
from time import thread_time_ns
from typing import Any

from fusee import Config, Engine, Func, FuncType, Instance, Module, Store

GUEST = """(module
  (import "" "look" (func $look))
  (type $tree (struct (field (mut (ref null $tree))) (field (mut (ref null $tree)))))
  (global $kept (mut (ref null $tree)) (ref.null $tree))
  (func $make (export "make") (param $depth i32) (result (ref $tree))
    (if (i32.eqz (local.get $depth)) (then (return (struct.new $tree (ref.null $tree) (ref.null $tree)))))
    (struct.new $tree
      (call $make (i32.sub (local.get $depth) (i32.const 1)))
      (call $make (i32.sub (local.get $depth) (i32.const 1)))))
  (func (export "keep") (param $depth i32) (global.set $kept (call $make (local.get $depth))))
  (func (export "list") (param $count i32)
    (loop $again
      (global.set $kept (struct.new $tree (global.get $kept) (ref.null $tree)))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))
  (func (export "churn") (param $count i32) (param $depth i32)
    (loop $again
      (drop (call $make (local.get $depth)))
      (call $look)
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))
  (func (export "rings") (param $count i32)
    (local $a (ref null $tree)) (local $i i32)
    (loop $again
      (local.set $a (struct.new $tree (ref.null $tree) (ref.null $tree)))
      (struct.set $tree 0 (local.get $a) (struct.new $tree (local.get $a) (local.get $a)))
      (if (i32.eqz (i32.and (local.get $count) (i32.const 0xFFF))) (then (call $look)))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))
  (func $dive (export "dive") (param $frames i32) (result i32)
    (local $own (ref null $tree))
    (if (i32.eqz (local.get $frames)) (then (call $look) (return (i32.const 0))))
    (local.set $own (struct.new $tree (ref.null $tree) (ref.null $tree)))
    (i32.add (call $dive (i32.sub (local.get $frames) (i32.const 1))) (ref.is_null (local.get $own)))))"""

NODE_BYTES = 24


class Workload:
    """A store, and the most that its heap has taken."""

    def __init__(self, engine: Engine, module: Module) -> None:
        self.store = Store(engine)
        self.peak = 0
        self.watch: Callable[[], None] = self.look
        look = Func(self.store, FuncType([], []), lambda: self.watch())
        self.exports = Instance(self.store, module, [look]).exports(self.store)

    def look(self) -> None:
        self.peak = max(self.peak, int(self.store._state.heap.used_bytes))

    def run(self, name: str, *arguments: int) -> float:
        """The seconds of processor time that a call takes."""
        start = thread_time_ns()
        function: Any = self.exports[name]
        function(self.store, *arguments)
        return (thread_time_ns() - start) / 1e9

    def steps(self) -> list[float]:
        """The milliseconds of processor time of each step of a whole cycle, the first of which begins it."""
        self.store.gc()
        taken = []
        while True:
            start = thread_time_ns()
            is_complete = self.store.gc(0)
            taken.append((thread_time_ns() - start) / 1e6)
            if is_complete:
                return taken


def report(name: str, workload: Workload, live: int, seconds: float) -> None:
    steps = workload.steps()
    ratio = f"{workload.peak / live:.2f}" if live else "-"
    print(
        f"| {name} | {live / 1e6:.0f} | {seconds:.2f} | {ratio} | {steps[0]:.2f} | {max(steps[1:], default=0):.2f} "
        f"| {sum(steps):.0f} | {len(steps)} |"
    )


def main() -> None:
    config = Config()
    config.max_wasm_stack = 1 << 24
    engine = Engine(config)
    module = Module(engine, GUEST)
    print("| workload | live MB | s | peak / live | first step ms | longest other ms | whole cycle ms | steps |")
    print("|---|---|---|---|---|---|---|---|")
    trees = Workload(engine, module)
    trees.run("keep", 21)
    report("trees of 100 MB live, 400 MB made beside them", trees, 0x3F_FFFF * NODE_BYTES, trees.run("churn", 4000, 11))
    chain = Workload(engine, module)
    chain.run("list", 4_000_000)
    report("a list of 4 million nodes, 200 MB made", chain, 4_000_000 * NODE_BYTES, chain.run("churn", 2000, 11))
    rings = Workload(engine, module)
    report("1,000 MB of cycles", rings, 0, rings.run("rings", 21_000_000))
    deep = Workload(engine, module)
    found: list[float] = []
    deep.watch = lambda: found.extend(deep.steps())
    deep.run("dive", 20_000)
    others = max(found[1:], default=0)
    print(f"| 20,000 frames deep | 0 | - | - | {found[0]:.2f} | {others:.2f} | {sum(found):.0f} | {len(found)} |")
    print(f"\nThe most that a heap of cycles took: {rings.peak / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
