"""Views as text for people: pure functions from reports to strings."""
