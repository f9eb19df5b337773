"""Where requests are opened and reviewed: one small module per kind of forge."""
