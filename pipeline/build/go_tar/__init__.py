"""Tar as Go's archive/tar reads and writes it: what Buildah's digests are of."""
