"""Figures of a repository's own use of agents: what they cost, what they use of this machine."""
