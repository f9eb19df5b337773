"""The conflict radar: which active sessions' work conflicts, with whom, where; told while it is cheap."""
