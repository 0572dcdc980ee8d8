"""Identity, releases and their lock."""
