"""From bytes to the module struct (spec 5)."""
