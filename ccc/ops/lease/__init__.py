"""Leases: one orchestrator, one landing at a time on a shared branch."""
