"""What compiled code expects of a C library and of a compiler's runtime, as kernels, for machines that have neither."""

from fusee.freestanding.supply import FUNCTIONS, GLOBAL_OFFSET_TABLE, expected_of_system, supply

__all__ = ["FUNCTIONS", "GLOBAL_OFFSET_TABLE", "expected_of_system", "supply"]
