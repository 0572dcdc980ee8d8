"""Root file systems from a distribution's packages."""
