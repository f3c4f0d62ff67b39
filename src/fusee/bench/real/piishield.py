"""Takes secrets out of a log with PII-Shield: `python -m fusee.bench.real.piishield ENGINE MODULE [LINES]`.

The log is made here, since what looks like a secret should lie in no repository.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from random import Random

from fusee.bench.real.guest import ADDRESSES, Aborted, Guest, main

# Without a salt of ours, each run would choose its own for the marks that stand for secrets.
_CONFIGURATION = {"salt": "fusee", "entity_type_labels": True}
_LINES_PER_CALL = 50
_DIGITS = "0123456789abcdef"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_MESSAGES = (
    "INFO the mainspring of watch {number} was replaced by ada{number}@example.com",
    "WARN login of user {number} from 10.0.{byte}.7 failed: password={letters}",
    'INFO {{"request": "{uuid}", "path": "/watches/{number}", "token": "{letters}"}}',
    "ERROR payment with card {card} was refused, customer {number} was told",
    "DEBUG GET https://example.com/repairs/{number}?key={letters}&page={byte} took {byte} ms",
    "INFO the escapement of a {number} was cleaned, oiled and regulated; it gains {byte} seconds a week",
)


class PiiShield(Guest):
    """PII-Shield as a library, whose memory Go's garbage collector manages."""

    ALLOCATE = "allocate"

    def answers(self, arguments: Sequence[str]) -> Iterator[bytes]:
        (count,) = arguments
        self.configure(_CONFIGURATION)
        lines = list(make_log(int(count)))
        for start in range(0, len(lines), _LINES_PER_CALL):
            yield self.redact("".join(lines[start : start + _LINES_PER_CALL]).encode())

    def configure(self, options: dict[str, object]) -> None:
        """Options are those of the package `pii-shield-wasi`."""
        self._give("init_config", json.dumps(options).encode())

    def redact(self, text: bytes) -> bytes:
        """The text with marks in the place of secrets."""
        place, size = divmod(self._give("redact", text) % ADDRESSES**2, ADDRESSES)
        if place == 0:
            raise Aborted("there is no redacted text")
        redacted = self.read(place, size)
        self.call("free", place, size)
        return redacted

    def _give(self, export: str, data: bytes) -> int:
        """Call an export with bytes."""
        address = self.allocate(data)
        result: int = self.call(export, address, len(data)) or 0
        self.call("free", address, len(data))
        return result


def make_log(lines: int) -> Iterator[str]:
    """Some lines of a watchmaker's server, always the same."""
    random = Random(1)

    def word(letters: str, size: int) -> str:
        return "".join(random.choices(letters, k=size))

    for line in range(lines):
        message = random.choice(_MESSAGES)
        text = message.format(
            number=random.randrange(10_000),
            byte=random.randrange(256),
            letters=word(_LETTERS, 32),
            card=_card(word("0123456789", 14)),
            uuid="-".join(word(_DIGITS, size) for size in (8, 4, 4, 4, 12)),
        )
        yield f"2026-04-17T{line // 3600 % 24:02}:{line // 60 % 60:02}:{line % 60:02}Z {text}\n"


def _card(digits: str) -> str:
    """A number as cards have it: the last digit is a check of the others (ISO/IEC 7812)."""
    digits = "4" + digits
    doubled = [int(digit) * (2 - at % 2) for at, digit in enumerate(digits)]
    return f"{digits}{-sum(value // 10 + value % 10 for value in doubled) % 10}"


GUEST = PiiShield

if __name__ == "__main__":
    sys.exit(main(GUEST))
