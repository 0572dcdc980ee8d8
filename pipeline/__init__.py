"""capas: image versions in TOML, built with Buildah, run through Podman's REST API, rootless."""

__version__ = "0.1.0"
