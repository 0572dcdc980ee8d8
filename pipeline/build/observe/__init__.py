"""Look: versions, their inputs, the store."""
