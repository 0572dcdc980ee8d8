"""The only doors to the outside: subprocesses, Buildah, the API service."""
