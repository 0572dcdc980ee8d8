"""Decide: what a build would reuse and rebuild, and why."""
