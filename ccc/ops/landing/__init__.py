"""From a session's branch to its target: combined tree, gate, approval, landing, undo."""
