"""Experiments on real containers that prove, or refute, what containers promise."""
