"""Tasks, and what they wait for (CanonicalABI, "Embedding" to "Future State"), up to the host's event loop."""
