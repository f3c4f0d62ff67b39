"""The typed tree: what `check` makes of a kernel and `lower` turns into LLVM.

Every node is fully typed and specialised: no static value, no Python name is left. Types are
interned, so that two equal types are the same object.
"""
