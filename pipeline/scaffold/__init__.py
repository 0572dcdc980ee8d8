"""A new project: a spec, a Containerfile, a small service, and `tasks.py`."""
