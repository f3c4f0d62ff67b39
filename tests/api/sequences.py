"""Random sequences of API calls: nothing crashes, and nothing is raised that is not documented.

`python -m tests.api.sequences FIRST COUNT [--steps N] [--keep FOLDER]` tries a range of seeds, each a world of its own
in which N things happen (`sequence_actions`): calls, and calls of host functions that do the same; objects of wrong
stores and kinds; `close`, `with`, `del` and collections in between. With FUSEE_CHECKED=1 it does so in the checked
build. The seed at hand is in the file `seed` of FOLDER, in case that this process ends.
"""

import argparse
import faulthandler
import gc
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Final

from tests.api import sequence_objects  # noqa: F401  # adds its actions
from tests.api.sequence_actions import ACTIONS, Action
from tests.api.sequence_modules import instantiate, new_module
from tests.api.sequence_stores import new_store
from tests.api.sequence_world import DOCUMENTED, Nothing, Own, World

STEPS: Final = 100
_MOST_TRIES: Final = 5


class Sequences:
    """Runs sequences and counts how their steps end."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.outcomes: Counter[str] = Counter()
        self.unraisable: list[str] = []
        sys.unraisablehook = lambda given: self.unraisable.append(f"{given.exc_value!r} in {given.object!r}")

    def run(self, seed: int) -> str:
        """What is wrong with a sequence, or an empty text."""
        world = World(seed)
        world.act = act
        for first in (new_store, new_store, *[new_module] * 4, *[instantiate] * 4):
            self.step(world, first)
        for number in range(self.steps):
            wrong = self.step(world, world.act)
            if wrong:
                return f"step {number}: {wrong}"
        world.kept.clear()
        if world.chance(0.2):
            gc.collect()
        return "".join(self.unraisable)

    def step(self, world: World, action: Action) -> str:
        """One thing more: what is wrong with it."""
        try:
            action(world)
        except (*DOCUMENTED, Own, Nothing) as error:
            if type(error) is TypeError and not _is_raised_by_fusee(error):
                return traceback.format_exc(limit=-4)
            self.outcomes[type(error).__name__] += 1
        except Exception:
            return traceback.format_exc(limit=-4)
        else:
            self.outcomes["done"] += 1
        return "".join(self.unraisable)


def act(world: World) -> None:
    """One thing that can be done with what is there; the last that was tried says if nothing can."""
    for _ in range(_MOST_TRIES - 1):
        try:
            world.choice.choice(ACTIONS)(world)
        except Nothing:
            continue
        return
    world.choice.choice(ACTIONS)(world)


def _is_raised_by_fusee(error: Exception) -> bool:
    """Whether it is Fusee that says so, not Python, of what Fusee or this has done."""
    frames = traceback.extract_tb(error.__traceback__)
    return "/fusee/api/" in frames[-1].filename and "raise " in (frames[-1].line or "")


def main(arguments: list[str] | None = None) -> int:
    """Try a range of seeds; 1 if one of them shows something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--keep", type=Path, default=Path("sequence-findings"))
    given = parser.parse_args(arguments)
    given.keep.mkdir(parents=True, exist_ok=True)
    faulthandler.enable()
    warnings.simplefilter("error")
    sequences, findings, start = Sequences(given.steps), 0, time.monotonic()
    for seed in range(given.first, given.first + given.count):
        (given.keep / "seed").write_text(str(seed))
        wrong = sequences.run(seed)
        if wrong:
            findings += 1
            sequences.unraisable.clear()
            print(f"seed {seed}: {wrong}", flush=True)
        if (seed + 1) % 500 == 0:
            print(f"up to {seed}: {findings} findings", file=sys.stderr, flush=True)
    print(f"{dict(sequences.outcomes.most_common())}, {findings} findings in {time.monotonic() - start:.0f} s")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
