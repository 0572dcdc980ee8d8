"""Images to and from other places: a registry, or a folder in the OCI image layout."""
