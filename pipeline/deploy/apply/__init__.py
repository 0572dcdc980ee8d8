"""Act: each operation over the REST API, and the waiting for health."""
