"""The course: PyTweets from nothing to an upgrade that keeps its data, told chapter by chapter."""
