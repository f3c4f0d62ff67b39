"""The rules that make a module valid (spec 3)."""
