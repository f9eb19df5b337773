"""Sharing the state with other machines through a git remote."""
