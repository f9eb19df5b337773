"""Reserving paths, so that sessions keep out of each other's way."""
