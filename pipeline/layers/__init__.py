"""Chains of layers compared between versions: what is shared, what is new, and why."""
