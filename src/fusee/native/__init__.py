"""Functions of a module as native code, by the engine's own meanings of instructions (`docs/native.md`)."""
