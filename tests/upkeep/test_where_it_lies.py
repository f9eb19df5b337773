"""Where worktrees of submodules go, and what `git ccc` says from inside a linked worktree."""

from __future__ import annotations

from pathlib import Path

from tests.support.program import RunsCcc
from tests.support.repository import Repo, copy_repository
from tests.upkeep.conftest import Place


def add_submodule(outer: Repo, source: Path, path: str) -> Repo:
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(source), path)
    outer.commit(f"Add {path}")
    return Repo(outer.path / path)


def test_sessions_of_a_submodule_lie_beside_the_outermost_superproject(
    repo: Repo, tmp_path: Path, ccc_inline: RunsCcc
) -> None:
    library = copy_repository(repo.path, tmp_path / "library")
    framework = copy_repository(repo.path, tmp_path / "framework")
    add_submodule(framework, library.path, "libs/auth")
    shop = copy_repository(repo.path, tmp_path / "shop")
    middle = add_submodule(shop, framework.path, "framework")
    middle.git("-c", "protocol.file.allow=always", "submodule", "update", "-q", "--init")
    for where, folder in (
        (middle.path, "shop-framework.ccc"),
        (middle.path / "libs/auth", "shop-framework-libs-auth.ccc"),
    ):
        Repo(where).git("switch", "-q", "-C", "main")
        ccc_inline("init", cwd=where, exit=0)
        ccc_inline("spawn", "backend", "JWT auth", "--no-start", cwd=where, exit=0)
        [session] = ccc_inline("status", "--json", cwd=where, exit=0).json["sessions"]
        assert session["worktree"] == str(tmp_path / folder / "backend-jwt-auth")
        assert (Path(session["worktree"]) / "README.md").is_file()
        ccc_inline("close", "backend-jwt-auth", cwd=where, exit=0)
    assert shop.git("status", "--porcelain") == ""


def test_elsewhere_the_main_checkout_is_named_and_where_one_stands(
    place: Place, ccc_inline: RunsCcc, tmp_path: Path
) -> None:
    session = place.spawn()
    worktree, linked = Path(session.worktree or ""), tmp_path / "linked"
    place.repo.git("worktree", "add", "-q", "--detach", str(linked))
    main = f"{place.repo.path} on main\n"
    assert ccc_inline(exit=0).stdout.startswith(f"{main}  agents")
    inside = ccc_inline(cwd=worktree, exit=0).stdout
    assert inside.startswith(f"{main}  you stand in     {worktree} on {session.branch}\n  agents")
    detached = ccc_inline(cwd=linked, exit=0).stdout
    assert detached.startswith(f"{main}  you stand in     {linked}, HEAD detached\n  agents")
    document = ccc_inline("--json", cwd=worktree, exit=0).json
    assert (document["branch"], document["here"]) == (
        "main",
        {"path": str(worktree), "branch": session.branch},
    )
    assert ccc_inline("--json", exit=0).json["here"] is None
