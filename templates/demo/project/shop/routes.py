"""What the shop answers under which path."""

ROUTES = {
    "/": "welcome",
}


def answer(path: str) -> str:
    """The page of a path."""
    return ROUTES.get(path, "not found")
