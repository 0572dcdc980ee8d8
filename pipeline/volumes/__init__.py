"""Volumes: list, backup, restore, and removal by name with confirmation."""
