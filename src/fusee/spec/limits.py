"""Limits of this engine (spec appendix 7.2), those of the JavaScript API where it has one."""

from typing import Final

PAGE_SIZE_LOG2: Final = 16  # spec 4.2.8: 64 KiB
MAX_PAGES_32: Final = 0x1_0000
MAX_PAGES_64: Final = 0x1_0000_0000_0000
MAX_BYTES_32: Final = 0xFFFF_FFFF  # memories with pages of one byte: their number is a 32-bit result
MAX_BYTES_64: Final = 0xFFFF_FFFF_FFFF_FFFF
MAX_TABLE_32: Final = 0xFFFF_FFFF
MAX_TABLE_64: Final = 0xFFFF_FFFF_FFFF_FFFF

MAX_MEMORY_BYTES_32: Final = 1 << 32  # of a linear memory, when it is made or grown
MAX_MEMORY_BYTES_64: Final = 1 << 36
MAX_TABLE_ELEMENTS: Final = 10_000_000

MAX_STORE_MEMORY_BYTES: Final = 1 << 36  # of all linear memories of a store together, unless it is told otherwise
MAX_STORE_TABLE_ELEMENTS: Final = 1 << 25  # of all its tables

MAX_MODULE_BYTES: Final = 0x4000_0000
MAX_TYPES: Final = 1_000_000
MAX_GROUP_WORDS: Final = 0x60_0000  # of a recursive group: one for a parameter or result, two for a field, some more
MAX_FUNCTIONS: Final = 1_000_000
MAX_TABLES: Final = 100_000
MAX_MEMORIES: Final = 100
MAX_GLOBALS: Final = 1_000_000
MAX_TAGS: Final = 1_000_000
MAX_IMPORTS: Final = 1_000_000
MAX_EXPORTS: Final = 1_000_000
MAX_SEGMENTS: Final = 100_000
MAX_PARAMS: Final = 1_000
MAX_RESULTS: Final = 1_000
MAX_FIELDS: Final = 10_000
MAX_FUNCTION_BYTES: Final = 7_654_321
MAX_LOCALS: Final = 50_000
MAX_OPERANDS: Final = 0x20_0000
MAX_CATCHES: Final = 10_000
MAX_SUBTYPING_DEPTH: Final = 63
