"""The same spec for an engine that outlives one machine or one login."""
