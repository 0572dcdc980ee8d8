"""Decide: pure plans, a cause on each operation."""
