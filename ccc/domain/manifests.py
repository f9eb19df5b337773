"""Files that declare dependencies or an environment, known by their names."""

from __future__ import annotations

import re

_MANIFEST = re.compile(
    r"(?:.*/)?(?:pyproject\.toml|setup\.(?:py|cfg)|requirements[\w.-]*\.(?:txt|in|lock)|uv\.lock|poetry\.lock|"
    r"Pipfile(?:\.lock)?|package(?:-lock)?\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|Cargo\.(?:toml|lock)|"
    r"go\.(?:mod|sum)|Gemfile(?:\.lock)?|composer\.(?:json|lock)|pom\.xml|build\.gradle(?:\.kts)?|"
    r"mix\.(?:exs|lock)|flake\.(?:nix|lock)|(?:Docker|Container)file[\w.-]*|(?:docker-)?compose\.ya?ml|"
    r"\.env\.[\w.-]+|\.tool-versions|\.(?:python|node|ruby)-version|Makefile|CMakeLists\.txt|tox\.ini)\Z"
)


def is_manifest(path: str) -> bool:
    """Whether a file of this name declares dependencies or an environment."""
    return bool(_MANIFEST.match(path))
