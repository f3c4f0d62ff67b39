"""Lifting and lowering (CanonicalABI, "Lifting and Lowering Values"): from core values to those of Python, and back."""
