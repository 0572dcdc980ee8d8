"""What a build will do and why (plan), and doing it with Buildah (apply)."""
