"""How much native code somebody wants. Not beside what chooses: that needs the engine's instructions."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Budget:
    """How much native code there shall be: that of a module's hottest functions until either is reached."""

    share: float = 1.0  # of what is executed
    bytes: int | None = None

    @property
    def is_everything(self) -> bool:
        return self.share >= 1 and self.bytes is None


EVERYTHING: Final = Budget()
