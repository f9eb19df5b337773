"""Programs for those who work on ccc."""
