"""What components call of the canonical ABI itself (CanonicalABI, "Canonical Definitions"), by subject."""
