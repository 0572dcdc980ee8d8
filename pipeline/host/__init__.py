"""What this host can and cannot do, and the engine settings that fit it."""
