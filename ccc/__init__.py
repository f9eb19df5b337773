"""ccc: coordinate coding agents, and people, through the git repository they work in."""

__version__ = "0.1.0"
