"""The kernel language: fixed-width types, structs and functions that compile to native code. Knows nothing of Wasm."""
