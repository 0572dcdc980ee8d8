"""One thin task per command: load, one action, render, exit code."""
