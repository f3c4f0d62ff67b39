"""What can be wrong with a module, in the words of the specification's test suite.

The same code may be raised as `Malformed` (the bytes are not a module, spec 5) or `Invalid` (they
are one that breaks a rule, spec 3). Codes from `IMPLEMENTATION_LIMIT` on are limits of this engine
(spec appendix 7.2), raised as `Invalid`.
"""

from enum import IntEnum


class ModuleError(IntEnum):
    """Each member carries the message that users see."""

    message: str

    def __new__(cls, code: int, message: str = "") -> "ModuleError":
        member = int.__new__(cls, code)
        member._value_ = code
        member.message = message
        return member

    # Binary format
    UNEXPECTED_END = 1, "unexpected end"
    UNEXPECTED_END_OF_SECTION = 2, "unexpected end of section or function"
    INTEGER_TOO_LONG = 3, "integer representation too long"
    INTEGER_TOO_LARGE = 4, "integer too large"
    MAGIC_MISSING = 5, "magic header not detected"
    UNKNOWN_VERSION = 6, "unknown binary version"
    BAD_SECTION_ID = 7, "malformed section id"
    SECTION_SIZE = 8, "section size mismatch"
    SECTION_ORDER = 9, "unexpected content after last section"
    LENGTH_OUT_OF_BOUNDS = 10, "length out of bounds"
    BAD_UTF8 = 11, "malformed UTF-8 encoding"
    BAD_IMPORT_KIND = 12, "malformed import kind"
    BAD_EXPORT_KIND = 13, "malformed export kind"
    BAD_LIMITS = 14, "malformed limits flags"
    BAD_MUTABILITY = 15, "malformed mutability"
    BAD_VALUE_TYPE = 16, "malformed value type"
    BAD_REFERENCE_TYPE = 17, "malformed reference type"
    BAD_HEAP_TYPE = 18, "malformed heap type"
    BAD_TYPE = 19, "malformed definition type"
    BAD_MEMOP_FLAGS = 21, "malformed memop flags"
    BAD_SEGMENT_KIND = 22, "malformed segment kind"
    BAD_TAG_ATTRIBUTE = 23, "malformed tag attribute"
    BAD_CATCH = 24, "malformed catch clause"
    BAD_CAST_FLAGS = 25, "malformed cast flags"
    ZERO_BYTE_EXPECTED = 26, "zero byte expected"
    ILLEGAL_OPCODE = 27, "illegal opcode"
    END_EXPECTED = 28, "END opcode expected"
    TOO_MANY_LOCALS = 29, "too many locals"
    FUNCTION_AND_CODE = 30, "function and code section have inconsistent lengths"
    DATA_COUNT = 31, "data count and data section have inconsistent lengths"
    DATA_COUNT_REQUIRED = 32, "data count section required"
    BAD_PAGE_SIZE = 33, "invalid custom page size"

    # Validation
    TYPE_MISMATCH = 64, "type mismatch"
    RESULT_ARITY = 65, "invalid result arity"
    UNKNOWN_TYPE = 66, "unknown type"
    UNKNOWN_FUNCTION = 67, "unknown function"
    UNKNOWN_TABLE = 68, "unknown table"
    UNKNOWN_MEMORY = 69, "unknown memory"
    UNKNOWN_GLOBAL = 70, "unknown global"
    UNKNOWN_TAG = 71, "unknown tag"
    UNKNOWN_LOCAL = 72, "unknown local"
    UNKNOWN_LABEL = 73, "unknown label"
    UNKNOWN_FIELD = 74, "unknown field"
    UNKNOWN_ELEM_SEGMENT = 75, "unknown elem segment"
    UNKNOWN_DATA_SEGMENT = 76, "unknown data segment"
    UNINITIALIZED_LOCAL = 77, "uninitialized local"
    UNDECLARED_FUNCTION = 78, "undeclared function reference"
    IMMUTABLE_GLOBAL = 79, "immutable global"
    IMMUTABLE_FIELD = 80, "immutable field"
    IMMUTABLE_ARRAY = 81, "immutable array"
    ARRAY_TYPES = 82, "array types do not match"
    ARRAY_NOT_NUMERIC = 83, "array type is not numeric or vector"
    PACKED_FIELD = 84, "type mismatch: the field is packed"
    UNPACKED_FIELD = 85, "type mismatch: the field is not packed"
    NOT_DEFAULTABLE = 86, "type mismatch: the type has no default value"
    ALIGNMENT = 87, "alignment must not be larger than natural"
    ALIGNMENT_NOT_NATURAL = 88, "type mismatch: alignment must be equal to natural"
    OFFSET_RANGE = 89, "offset out of range"
    LANE_INDEX = 90, "invalid lane index"
    NOT_CONSTANT = 91, "constant expression required"
    DUPLICATE_EXPORT = 92, "duplicate export name"
    START_FUNCTION = 93, "start function"
    SUB_TYPE = 94, "sub type"
    TAG_RESULT = 95, "non-empty tag result type"
    MEMORY_SIZE = 96, "memory size must be at most 65536 pages (4GiB)"
    MEMORY_SIZE_OTHER = 102, "memory size must be at most what an address can reach"
    TABLE_SIZE = 97, "table size must be at most 2^32-1 elements"
    SIZE_ORDER = 98, "size minimum must not be greater than maximum"
    PAGE_SIZE = 99, "invalid custom page size"
    SHARED_WITHOUT_MAXIMUM = 100, "shared memory must have maximum"
    MULTIPLE_MEMORIES = 101, "multiple memories"

    RETHROW_LABEL = 103, "invalid rethrow label"

    # Limits of this engine
    IMPLEMENTATION_LIMIT = 128, "the module exceeds a limit of this engine"
    LIMIT_MODULE_SIZE = 129, "the module is larger than 1 GiB"
    LIMIT_TYPES = 130, "too many types"
    LIMIT_FUNCTIONS = 131, "too many functions"
    LIMIT_TABLES = 132, "too many tables"
    LIMIT_MEMORIES = 133, "too many memories"
    LIMIT_GLOBALS = 134, "too many globals"
    LIMIT_TAGS = 135, "too many tags"
    LIMIT_IMPORTS = 136, "too many imports"
    LIMIT_EXPORTS = 137, "too many exports"
    LIMIT_SEGMENTS = 138, "too many segments"
    LIMIT_PARAMS = 139, "too many parameters"
    LIMIT_RESULTS = 140, "too many results"
    LIMIT_FIELDS = 141, "too many fields"
    LIMIT_FUNCTION_SIZE = 142, "the function body is too large"
    LIMIT_LOCALS = 143, "too many locals"
    LIMIT_OPERANDS = 144, "too many values on the operand stack"
    LIMIT_CATCHES = 145, "too many catch clauses"
    LIMIT_SUBTYPING_DEPTH = 146, "sub type: the hierarchy is too deep"
