"""The engine's Python interface, in the shape of wasmtime-py. `fusee` re-exports all of it."""
