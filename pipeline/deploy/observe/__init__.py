"""Look: one snapshot of what is there."""
