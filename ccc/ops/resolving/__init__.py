"""Resolving conflicts of sessions with their targets: by the session, by a resolver, by a person."""
