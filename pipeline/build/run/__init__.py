"""Act: builds with Buildah."""
