"""Neutral words for what is told (findings, tables, reports) and the renderers that tell it."""
