"""What of a module that runs is compiled next, of what guests were seen in."""

import pytest

from fusee import Instance, Module, Store
from fusee.engine.state.code import CODE_START
from fusee.engine.state.module import Module as ModuleState
from fusee.kernel.memory import view
from fusee.native.batch import Wish, compile_batch
from fusee.native.code import NativeCode, mapped
from fusee.native.sections import read_module
from fusee.tier import watcher
from fusee.tier.compiling import Work
from fusee.tier.module import TieredModule
from tests.native.loops import module_of, tiered_engine, translated_loops

pytestmark = pytest.mark.usefixtures("own_cache")

LONG = "(drop (i32.const 1000))" * 100  # 400 bytes
NOTHING = NativeCode({}, {}, None, {})
TEXT = f"""(module
  (func $short) (func $long {LONG}) (func $longer {LONG} {LONG})
  (func $turns (loop) (loop)) (func $never)
  (func (export "main") (call $short) (call $long) (call $longer) (call $turns)))"""
SHORT, LONG_ONE, LONGER, TURNS, NEVER, MAIN = range(6)


class Watched:
    """A module that has run, and a store."""

    def __init__(self) -> None:
        self.engine = tiered_engine()
        self.store = Store(self.engine)
        self.module = Module(self.engine, TEXT)
        exports = Instance(self.store, self.module, []).exports(self.store)
        exports["main"](self.store)  # type: ignore[operator]
        self.known: TieredModule = module_of(self.engine, self.module)

    def seen(self, function: int, times: int = 1, offset: int = CODE_START) -> bool:
        """A guest was seen there; whether that is news."""
        (is_news,) = {self.known.note(self.engine._address, function, offset) for _ in range(times)}
        return is_news


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_the_hottest_for_its_size_comes_first(watched: Watched) -> None:
    """What there is no room for waits."""
    for function, times in ((LONGER, 2), (LONG_ONE, 3), (SHORT, 1)):
        assert watched.seen(function, times)
    assert watched.known.choose(500) == ([LONG_ONE, SHORT], [])
    assert watched.known.heat() == 2
    assert watched.known.choose(0) == ([LONGER], [])  # one is taken, however long
    assert watched.known.heat() == 0


def test_what_begins_often_is_compiled_whole(watched: Watched) -> None:
    """It is not compiled a second time for a loop."""
    first, second = (offset for function, offset in translated_loops(watched.known) if function == TURNS)
    watched.seen(TURNS, 2, first)
    watched.seen(TURNS)
    assert watched.known.choose(1000) == ([TURNS], [])
    assert not watched.seen(TURNS, 1, second)  # it will be there soon
    watched.known.received(NativeCode({TURNS: (0, 0)}, {}, None, {}), [TURNS], [])
    assert watched.seen(TURNS, 1, second)
    hot, loops = watched.known.choose(1000)
    assert (hot, [loop.cell for loop in loops]) == ([], [second])


def test_who_is_in_a_loop_that_is_being_compiled_is_no_news(watched: Watched) -> None:
    first, second = (offset for function, offset in translated_loops(watched.known) if function == TURNS)
    watched.seen(TURNS, 1, first)
    _, loops = watched.known.choose(1000)
    assert [loop.cell for loop in loops] == [first]
    assert not watched.seen(TURNS, 1, first) and not watched.seen(TURNS, 1, second)
    assert watched.seen(TURNS)
    watched.known.received(NOTHING, [], loops)
    assert watched.seen(TURNS, 1, second)


def test_what_was_left_out_of_a_batch_is_seen_again(watched: Watched) -> None:
    watched.seen(SHORT)
    watched.seen(LONG_ONE)
    hot, _ = watched.known.choose(1000)
    assert not watched.seen(SHORT) and not watched.seen(LONG_ONE)
    watched.known.received(NativeCode({SHORT: (0, 0)}, {}, None, {}), hot, [])
    assert not watched.seen(SHORT)
    assert watched.seen(LONG_ONE)


def test_it_is_known_what_has_been_called(watched: Watched) -> None:
    assert watched.known.called() == [SHORT, LONG_ONE, LONGER, TURNS, MAIN]


def test_what_is_better_is_made_in_pieces_and_found_by_the_next_run(watched: Watched) -> None:
    known, own = watched.known, watched.engine._address
    for functions in ([LONG_ONE, SHORT], [LONGER]):
        made = compile_batch(read_module(known.binary), Wish(functions, [], [], 10_000, called=[]))
        known.shelf.add(made, functions)
        code = mapped(made)
        code.is_quick = True
        known.install(own, code, [])
    assert known.has_short(300)
    assert known.last(300) == ([SHORT], [])  # what there is room for comes first
    assert not known.has_short(300)
    assert known.last(500) == ([LONG_ONE], [])
    assert known.last(500) == ([LONGER], [])
    assert known.last(500) == ([], [])
    better = compile_batch(read_module(known.binary), Wish([LONG_ONE], [], [], 10_000, is_last=True, called=[]))
    known.shelf.add(better, [LONG_ONE])
    assert len(known.shelf.all()) == 3  # there is more in the older one
    other = Module(watched.engine, TEXT)
    newest, *_ = (code for code in module_of(watched.engine, other).kept if isinstance(code, NativeCode))
    assert newest.functions.keys() == {LONG_ONE}
    assert view(ModuleState, other._address).natives[LONG_ONE] == newest.functions[LONG_ONE][1]
    known.shelf.add(compile_batch(read_module(known.binary), Wish([SHORT], [], [], 1000, called=[])), [SHORT])
    assert len(known.shelf.all()) == 3  # all of the oldest one is in others


def test_what_is_long_is_made_again_after_what_is_seldom_executed(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """All would wait for it. And nothing is asked for where there is nothing."""
    tier, begun = watched.engine._tier, list[Work]()
    assert tier is not None
    monkeypatch.setattr(watcher, "LAST_HOT_ROOM", 500)
    monkeypatch.setattr(tier.watcher._compiling, "go_on", lambda: True)
    monkeypatch.setattr(tier.watcher._compiling, "begin", begun.append)
    watched.seen(SHORT, 20)
    watched.known.loose, watched.known.is_loose = {LONGER: None, LONG_ONE: None}, True
    watched.known.is_old = False
    for _ in range(5):
        tier.watcher._go_back(1.0)
        watched.known.is_loose = True
    assert [(work.hot, work.is_last) for work in begun] == [([LONG_ONE], True), ([SHORT], False), ([LONGER], True)]


def test_the_next_run_goes_on_in_the_same_loops(watched: Watched) -> None:
    """In those that are as they were, as soon as somebody is in their function, and nothing is compiled for it."""
    known = watched.known
    first, second = (offset for function, offset in translated_loops(known) if function == TURNS)
    (loop,) = known.loops_of([(TURNS, second)])
    for place, is_usable in ((loop.place._replace(slots=loop.place.slots + 1), False), (loop.place, True)):
        known.shelf.add(compile_batch(read_module(known.binary), Wish([], [place], [], 1000)), (), [place])
        again = Module(watched.engine, TEXT)
        exports = Instance(watched.store, again, []).exports(watched.store)
        exports["main"](watched.store)  # type: ignore[operator]
        state = view(ModuleState, again._address)
        found = module_of(watched.engine, again)
        assert found.note(watched.engine._address, TURNS, first) is not is_usable
        assert (state.resumes != 0) is is_usable
        assert found.last(1000) == ([TURNS] if is_usable else [], [])


def test_loops_of_what_is_native_where_it_begins_are_not_kept(watched: Watched) -> None:
    known = watched.known
    first, second = (offset for function, offset in translated_loops(known) if function == TURNS)
    for loop in known.loops_of([(TURNS, first), (TURNS, second)]):
        known.shelf.add(compile_batch(read_module(known.binary), Wish([], [loop.place], [], 1000)), (), [loop.place])
    assert len(known.shelf.all()) == 2
    made = compile_batch(read_module(known.binary), Wish([TURNS], [], [], 1000))
    known.shelf.add(made, [TURNS])
    assert [kept.contents for _, kept in known.shelf.all()] == [made]


def test_what_earlier_runs_have_left_in_haste_is_made_again_as_it_was_made(watched: Watched) -> None:
    """The hottest first: nobody is seen in what is native."""
    known = watched.known
    order = [LONGER, SHORT, LONG_ONE, MAIN]
    for function in order:
        made = in_haste(compile_batch(read_module(known.binary), Wish([function], [], [], 1000, called=[])))
        known.shelf.add(made, [function])
    found = module_of(watched.engine, Module(watched.engine, TEXT))
    assert [found.last(0)[0] for _ in range(5)] == [[function] for function in order] + [[]]
    found = module_of(watched.engine, Module(watched.engine, TEXT))
    assert [found.last(500)[0] for _ in range(3)] == [[SHORT, LONG_ONE, MAIN], [LONGER], []]


def in_haste(made: bytes) -> bytes:
    """The same, said to be made in haste."""
    assert made.count(b"quickF") == 1
    return made.replace(b"quickF", b"quickT")
