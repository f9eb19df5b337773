"""Doors for programs: each answers from `ops/` and `views/`, as the command line does."""
