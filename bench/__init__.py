"""Measurements against the budgets of the design, each beside a yardstick of the same run."""
