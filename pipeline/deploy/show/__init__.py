"""Tell: status, usage, events."""
