"""From a bare machine to a running command, with nothing but Python's standard library."""
