"""Decoding and validating components, in one pass (Binary); `decode` begins it."""
