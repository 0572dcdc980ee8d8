"""What a build reads: Containerfile, context, owners, and the copy that Buildah is shown."""
