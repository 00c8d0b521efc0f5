"""Contract suites and golden replays, for this package's own tests and for those of others."""
