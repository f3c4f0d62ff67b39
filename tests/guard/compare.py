"""Baselines, and what has become of them."""

import json
from pathlib import Path
from typing import Final, NamedTuple

from tests.guard.measure import Numbers

BASELINES: Final = Path(__file__).with_name("baselines.json")
TOLERANCE: Final = 0.02


class Change(NamedTuple):
    """One number that is not what it was; None: there is none."""

    group: str
    name: str
    before: int | None
    now: int | None

    @property
    def is_rise(self) -> bool:
        """Whether it has grown too much, or cannot be compared: then the baselines must be recorded again."""
        return self.before is None or self.now is None or self.now > self.before * (1 + TOLERANCE)

    def __str__(self) -> str:
        if self.before is None or self.now is None:
            return f"{self.group}: {self.name}: {'new' if self.before is None else 'gone'}"
        share = (self.now / self.before - 1) * 100
        return f"{self.group}: {self.name}: {self.before:,} -> {self.now:,} ({share:+.2f} %)"


def read_baselines() -> Numbers:
    """The recorded numbers."""
    numbers: Numbers = json.loads(BASELINES.read_text("utf-8"))
    return numbers


def write_baselines(numbers: Numbers) -> None:
    """Record numbers, one a line."""
    BASELINES.write_text(json.dumps(numbers, indent=2) + "\n", "utf-8")


def compare(before: Numbers, now: Numbers) -> list[Change]:
    """All numbers that differ."""
    changes = []
    for group in {**before, **now}:
        old, new = before.get(group, {}), now.get(group, {})
        for name in {**old, **new}:
            if old.get(name) != new.get(name):
                changes.append(Change(group, name, old.get(name), new.get(name)))
    return changes
