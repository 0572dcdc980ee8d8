"""Findings, and the formats that CI systems read them in."""
