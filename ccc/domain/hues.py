"""A colour for each of many things, told apart as well as can be: hues a golden section apart.

Hue `n` is `frac(n * 0.618...)` of the circle, so each new one falls into the largest gap that is left.
"""

from __future__ import annotations

GOLDEN = 0.6180339887498949
LIGHTNESS, SATURATION = 0.62, 0.65
"""Readable on black and on white: a contrast of about 3 on either."""

STEPS = (0, 95, 135, 175, 215, 255)
"""What the six steps of a colour are in the cube of 256-colour terminals (xterm)."""

BASIC = ((0.0, 31), (1 / 6, 33), (2 / 6, 32), (3 / 6, 36), (4 / 6, 34), (5 / 6, 35), (1.0, 31))
"""The hues of the basic colours (ECMA-48), and their parameters."""


def hue(number: int) -> float:
    """Where on the circle of colours the thing with this number is: 0 up to 1."""
    return (number * GOLDEN) % 1.0


def rgb(position: float) -> tuple[int, int, int]:
    """Red, green, blue (0 to 255) of a hue."""
    chroma = (1 - abs(2 * LIGHTNESS - 1)) * SATURATION
    base = LIGHTNESS - chroma / 2

    def part(shift: float) -> int:
        height = min(1.0, max(0.0, abs((position + shift) % 1.0 * 6 - 3) - 1))
        return round(255 * (base + chroma * height))

    return part(0.0), part(2 / 3), part(1 / 3)


def sgr(number: int, colors: int) -> str:
    """The parameters of a foreground colour for a terminal that has so many."""
    position = hue(number)
    if colors > 256:
        return "38;2;" + ";".join(map(str, rgb(position)))
    if colors == 256:
        red, green, blue = (_step(value) for value in rgb(position))
        return f"38;5;{16 + 36 * red + 6 * green + blue}"
    return str(min(BASIC, key=lambda each: abs(each[0] - position))[1])


def _step(value: int) -> int:
    return min(range(len(STEPS)), key=lambda step: abs(STEPS[step] - value))
