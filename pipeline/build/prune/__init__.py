"""Images that nothing needs any more."""
