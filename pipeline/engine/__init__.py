"""The only code that reaches the outside: subprocesses, Buildah, the API service."""
