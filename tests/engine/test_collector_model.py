"""The collector against a model of what is reachable."""

import ctypes
from collections.abc import Iterator
from random import Random

import pytest

from fusee.kernel.lang import u32
from tests.engine.native_heap import NativeHeap


@pytest.fixture
def heap() -> Iterator[NativeHeap]:
    made = NativeHeap()
    yield made
    made.close()


# Against a model.


class Model:
    """What the embedder would say is reachable."""

    def __init__(self, heap: NativeHeap, seed: int) -> None:
        self.heap = heap
        self.random = Random(seed)
        self.fields: dict[int, dict[int, int]] = {}  # by address: references by word
        self.words: dict[int, int] = {}  # by address: how many
        self.roots: list[tuple[ctypes.Array[ctypes.c_uint64], int]] = []
        self.hosts = 0

    def any_reference(self) -> int:
        kind = self.random.random()
        if kind < 0.1 or not self.fields:
            return self.random.choice((0, 2 * self.random.randrange(1 << 30) + 1))
        if kind < 0.2:
            self.hosts += 1
            return 4 * (self.hosts - 1) + 2
        return self.random.choice(sorted(self.reachable()) or [0])

    def reachable(self) -> set[int]:
        found: set[int] = set()
        todo = [reference for _, reference in self.roots if reference]
        while todo:
            at = todo.pop()
            if at in found or at not in self.fields:
                continue
            found.add(at)
            todo.extend(self.fields[at].values())
        return found

    def step(self) -> None:
        kind = self.random.random()
        if kind < 0.35 or not self.roots:
            self.allocate()
        elif kind < 0.5:
            self.write()
        elif kind < 0.6:
            self.move()
        elif kind < 0.65 and len(self.roots) > 3:
            place, _ = self.roots.pop(self.random.randrange(len(self.roots)))
            place[0] = 0
        else:
            self.heap.collect(self.random.choice((1, 5, 20, 100)))

    def allocate(self) -> None:
        heap = self.heap
        if self.random.random() < 0.6:
            at, words = heap.node(len(self.fields)), (2, 3)
        else:
            length = self.random.choice((0, 1, 3, 20, 200, 1500, 5000))
            at, words = heap.array(length), (1, length)
        self.fields[at] = {}
        self.words[at] = words[0] | words[1] << 20
        if self.random.random() < 0.1 or not self.write(at):
            self.roots.append((heap.root(at), at))

    def write(self, new: int = 0) -> bool:
        """Some references, or one to a new object; false if there is nowhere to write to."""
        alive = sorted(self.reachable())
        if not alive:
            return False
        at = self.random.choice(alive)
        first, last = self.words[at] & 0xFFFFF, self.words[at] >> 20
        for _ in range(1 if new else self.random.choice((1, 1, 2, 30))):
            if last >= first:
                word = self.random.randint(first, last)
                self.fields[at][word] = reference = new or self.any_reference()
                self.heap.write(at, word, reference)
        return last >= first

    def move(self) -> None:
        """A reference from one object to another: a collector that has seen the second one only would lose it."""
        edges = [(at, word) for at in sorted(self.reachable()) for word in self.fields[at]]
        if edges:
            at, word = self.random.choice(edges)
            self.write(self.fields[at][word])
            self.fields[at][word] = 0
            self.heap.write(at, word, 0)

    def check(self) -> None:
        """After a whole collection."""
        alive = self.reachable()
        for at in list(self.fields):
            assert bool(self.heap.is_object(self.heap.address, at)) is (at in alive)
            if at not in alive:
                del self.fields[at], self.words[at]
        for at, fields in self.fields.items():
            words = self.heap.words(at, max(fields, default=0) + 1)
            assert {word: words[word] for word in fields} == fields
        held = {word >> 2 for fields in self.fields.values() for word in fields.values() if word & 3 == 2}
        assert self.heap.hosts(self.hosts + 1) == held


@pytest.mark.parametrize("checked", [False, True])
@pytest.mark.parametrize(("seed", "stress"), [(1, 0), (2, 0), (3, 1), (4, 7)])
def test_random_mutators(seed: int, stress: int, checked: bool) -> None:
    """Collections at random places, or at every allocation or some of them."""
    heap = NativeHeap(checked)
    heap.store.heap.stress = u32(stress)
    model = Model(heap, seed)
    for number in range(2000):
        model.step()
        if number % 8 == 0 and not heap.store.heap.is_marking:
            assert all(heap.is_object(heap.address, at) for at in model.reachable())
        if number % 500 == 499:
            heap.collect()
            model.check()
    heap.close()
