"""What tests of kinds of repositories share."""

from __future__ import annotations
