"""Codes that say in words what they mean."""

from enum import IntEnum
from typing import Self


class WordedCode(IntEnum):
    """Each member is a number, and carries the message that users see: `NAME = 1, "message"`."""

    message: str

    def __new__(cls, code: int, message: str = "") -> Self:
        member = int.__new__(cls, code)
        member._value_ = code
        member.message = message
        return member
