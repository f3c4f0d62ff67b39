"""What is compiled together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fusee.kernel.declare import Handler, Instance, Kernel

Progress = Callable[[int, int], None]  # told how much of how much is done
Code = Kernel[..., Any] | Handler[..., Any] | Instance


@dataclass(frozen=True)
class Program:
    """What is compiled and loaded together: kernels called from outside, and further code in shards.

    Each shard becomes object files of its own; the entries, and what no shard holds, are others.
    """

    name: str
    entries: Sequence[Kernel[..., Any] | Instance]
    shards: Mapping[str, Sequence[Code]] = field(default_factory=dict)
    compact: Sequence[str] = ()  # packages and modules whose kernels are compiled for size in any case
    first: Sequence[Code] = ()  # handlers that lie together, in this order, where this process links them
    home: str = ""  # the module that lists all this: where that changes, what was built is out of date
