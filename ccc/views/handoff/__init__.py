"""The hand-off as Markdown, within a budget of tokens."""
