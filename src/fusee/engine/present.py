"""What this process's engine has of the parts that it can be built without (`spec.families`)."""

from typing import Final

from fusee.spec.families import Family, left_out

HAS_VECTORS: Final = Family.SIMD not in left_out()
HAS_THREADS: Final = Family.THREADS not in left_out()
HAS_WASI: Final = Family.WASI not in left_out()
HAS_SWITCHES: Final = Family.SWITCHES not in left_out()
HAS_NATIVE: Final = Family.NATIVE not in left_out()
HAS_EXCEPTIONS: Final = Family.EXCEPTIONS not in left_out()
HAS_AGGREGATES: Final = Family.GC not in left_out()
HAS_OBJECTS: Final = HAS_AGGREGATES or HAS_EXCEPTIONS
"""Whether anything is ever allocated in a store's heap: else the collector only looks for what is the embedder's."""
