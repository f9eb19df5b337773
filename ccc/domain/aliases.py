"""Themed human names for sessions, easier to say than ids."""

from __future__ import annotations

from collections.abc import Collection

THEMES: dict[str, tuple[str, ...]] = {
    "marx": ("groucho", "harpo", "chico", "zeppo", "gummo"),
    "planets": (
        "mercury",
        "venus",
        "earth",
        "mars",
        "jupiter",
        "saturn",
        "uranus",
        "neptune",
        "ceres",
        "pluto",
    ),
    "trees": (
        "alder",
        "birch",
        "cedar",
        "elm",
        "fir",
        "hazel",
        "juniper",
        "larch",
        "maple",
        "oak",
        "pine",
        "rowan",
    ),
    "rivers": (
        "amazon",
        "danube",
        "elbe",
        "ganges",
        "indus",
        "loire",
        "mekong",
        "nile",
        "rhine",
        "tagus",
        "volga",
    ),
    "birds": (
        "crane",
        "finch",
        "heron",
        "jay",
        "kestrel",
        "lark",
        "osprey",
        "robin",
        "swift",
        "tern",
        "wren",
    ),
}
DEFAULT = "marx"


def theme_of(alias: str) -> str:
    """The theme that an alias is of, `groucho-2` too; the default one where it is of none."""
    return next((theme for theme, names in THEMES.items() if alias.partition("-")[0] in names), DEFAULT)


def choose(taken: Collection[str], theme: str = DEFAULT) -> str:
    """The first free name of the theme, then of the others, then numbered ones (`groucho-2`)."""
    order = [theme, *(name for name in THEMES if name != theme)] if theme in THEMES else list(THEMES)
    for name in order:
        for alias in THEMES[name]:
            if alias not in taken:
                return alias
    number = 2
    while True:
        for alias in THEMES[order[0]]:
            if f"{alias}-{number}" not in taken:
                return f"{alias}-{number}"
        number += 1
