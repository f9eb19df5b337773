"""The verdict of `mergetree.merge` is that of `git merge` in a clean checkout."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from ccc.git import mergetree, surgery
from ccc.git.mergetree import BASE, OURS, THEIRS, UnrelatedHistories
from ccc.git.repository import Repository
from tests.support.repository import Repo

LINES = "".join(f"line {number}\n" for number in range(1, 31))
Change = Callable[[Repo], object]


def put(path: str, text: str) -> Change:
    return lambda repo: repo.write(path, text)


def replaced(path: str, old: str, new: str) -> Change:
    def change(repo: Repo) -> None:
        file = repo.path / path
        file.write_bytes(file.read_bytes().replace(old.encode(), new.encode()))

    return change


def git(*arguments: str) -> Change:
    return lambda repo: repo.git(*arguments)


def several(*changes: Change) -> Change:
    def change(repo: Repo) -> None:
        for each in changes:
            each(repo)

    return change


def raw(path: str, content: bytes) -> Change:
    return lambda repo: (repo.path / path).write_bytes(content)


def link(path: str, goal: str) -> Change:
    def change(repo: Repo) -> None:
        (repo.path / path).unlink(missing_ok=True)
        (repo.path / path).symlink_to(goal)

    return change


def mode(path: str) -> Change:
    return lambda repo: (repo.path / path).chmod(0o755)


BEFORE = several(put("a.txt", LINES), put("folder/b.txt", LINES), put("folder/c.txt", "c\n" + LINES))
NOTHING: Change = several()
EDIT = replaced("a.txt", "line 3\n", "line three\n")
CASES: dict[str, tuple[Change, Change, Change]] = {
    "apart in one file": (NOTHING, EDIT, replaced("a.txt", "line 28\n", "line 28!\n")),
    "same line": (NOTHING, EDIT, replaced("a.txt", "line 3\n", "third line\n")),
    "same change": (NOTHING, EDIT, EDIT),
    "add/add": (NOTHING, put("new.txt", "one\n"), put("new.txt", "two\n")),
    "modify/delete": (NOTHING, EDIT, git("rm", "-q", "a.txt")),
    "delete/modify": (NOTHING, git("rm", "-q", "a.txt"), EDIT),
    "rename and edit": (NOTHING, git("mv", "a.txt", "moved.txt"), EDIT),
    "edit and rename": (NOTHING, EDIT, git("mv", "a.txt", "folder/moved.txt")),
    "rename/rename": (NOTHING, git("mv", "a.txt", "one.txt"), git("mv", "a.txt", "two.txt")),
    "rename/delete": (NOTHING, git("mv", "a.txt", "one.txt"), git("rm", "-q", "a.txt")),
    "directory rename": (NOTHING, git("mv", "folder", "place"), put("folder/d.txt", "d\n")),
    "directory rename, other way": (NOTHING, put("folder/d.txt", "d\n"), git("mv", "folder", "place")),
    "directory split": (
        NOTHING,
        several(
            put("x/keep", ""),
            git("mv", "folder/b.txt", "x/b.txt"),
            put("y/k", ""),
            git("mv", "folder/c.txt", "y/c.txt"),
        ),
        put("folder/d.txt", "d\n"),
    ),
    "mode and edit": (NOTHING, mode("a.txt"), EDIT),
    "symlink and edit": (NOTHING, link("a.txt", "folder/b.txt"), EDIT),
    "two symlinks": (NOTHING, link("l", "a.txt"), link("l", "folder/b.txt")),
    "file against folder": (NOTHING, put("thing", "file\n"), put("thing/inside", "folder\n")),
    "line ends": (NOTHING, raw("a.txt", LINES.replace("\n", "\r\n").encode()), EDIT),
    "binary": (raw("image", b"\0base"), raw("image", b"\0ours"), raw("image", b"\0theirs")),
    "binary by attribute": (put(".gitattributes", "a.txt -merge\n"), EDIT, replaced("a.txt", "line 28", "x")),
    "union driver": (
        put(".gitattributes", "*.txt merge=union\n"),
        EDIT,
        replaced("a.txt", "line 3\n", "3\n"),
    ),
    "union in a folder": (
        put("folder/.gitattributes", "b.txt merge=union\n"),
        replaced("folder/b.txt", "line 3\n", "1\n"),
        replaced("folder/b.txt", "line 3\n", "2\n"),
    ),
    "own driver": (put(".gitattributes", "a.txt merge=mine\n"), EDIT, replaced("a.txt", "line 3\n", "3\n")),
    "attributes behind a link": (
        link(".gitattributes", "a.txt merge=union"),
        EDIT,
        replaced("a.txt", "line 3\n", "3\n"),
    ),
    "driver that is a file of ours": (
        several(put(".gitattributes", "a.txt merge=own\n"), put("tools/own", "cat $1 >> $2\n")),
        several(EDIT, put("tools/own", "cat $1 >> $2\necho ours >> $2\n")),
        replaced("a.txt", "line 3\n", "3\n"),
    ),
    "driver without attributes": (
        several(git("config", "merge.default", "own"), put("tools/own", "cat $1 >> $2\n")),
        EDIT,
        replaced("a.txt", "line 3\n", "3\n"),
    ),
    "attributes of one side only": (
        NOTHING,
        several(put(".gitattributes", "*.txt merge=union\n"), EDIT),
        replaced("a.txt", "line 3\n", "3\n"),
    ),
    "attributes of the other side only": (
        NOTHING,
        EDIT,
        several(put(".gitattributes", "*.txt merge=union\n"), replaced("a.txt", "line 3\n", "3\n")),
    ),
    "renormalised": (
        several(
            git("config", "merge.renormalize", "true"), raw("a.txt", LINES.replace("\n", "\r\n").encode())
        ),
        several(put(".gitattributes", "*.txt text\n"), git("add", "--renormalize", ".")),
        replaced("a.txt", "line 28", "line twenty-eight"),
    ),
    "names that are not UTF-8": (NOTHING, put("caf\udce9", "1\n"), put("caf\udce9", "2\n")),
    "names with tabs and quotes": (NOTHING, put('a\t"b"\n', "1\n"), put('a\t"b"\n', "2\n")),
    "a name like magic": (NOTHING, put(":(top)x", "1\n"), put(":(top)x", "2\n")),
}


def branches(repo: Repo, before: Change, ours: Change, theirs: Change) -> None:
    BEFORE(repo)
    before(repo)
    repo.commit("Before")
    repo.git("branch", "theirs")
    ours(repo)
    repo.commit("Ours")
    repo.git("checkout", "-q", "theirs")
    theirs(repo)
    repo.commit("Theirs")
    repo.git("checkout", "-q", "main")


def git_merge(repo: Repo) -> tuple[bool, str | None, set[bytes]]:
    """What `git merge` says: clean, tree, unmerged paths; the checkout is put back."""
    done = subprocess.run(
        ["git", "merge", "-q", "--no-edit", "theirs"], cwd=repo.path, capture_output=True, check=False
    )
    out = subprocess.run(
        ["git", "ls-files", "-u", "-z"], cwd=repo.path, capture_output=True, check=True
    ).stdout
    unmerged = {row.split(b"\t", 1)[1] for row in out.split(b"\0") if row}
    tree = repo.git("rev-parse", "HEAD^{tree}") if done.returncode == 0 else None
    repo.git("reset", "-q", "--hard", "ORIG_HEAD" if done.returncode == 0 else "HEAD")
    return done.returncode == 0, tree, unmerged


def without_side(path: bytes) -> bytes:
    """git appends `~<side>` to a file that must make way, and calls our sides by their commits."""
    return path.partition(b"~")[0]


def compare(repo: Repo, repository: Repository) -> mergetree.MergeVerdict:
    verdict = mergetree.merge(repository.git, repo.oid("main"), repo.oid("theirs"))
    assert mergetree.merges(repository.git, repo.oid("main"), [repo.oid("theirs")]) == {
        repo.oid("theirs"): verdict
    }
    clean, tree, unmerged = git_merge(repo)
    assert (not verdict.conflicts) == clean
    if clean:
        assert verdict.tree == tree
    found = {file.raw.encode("utf-8", "surrogateescape") for file in verdict.conflicts if file.stages}
    assert {without_side(path) for path in found} == {without_side(path) for path in unmerged}
    return verdict


@pytest.mark.parametrize("case", CASES)
def test_the_verdict_is_that_of_git_merge(repo: Repo, repository: Repository, case: str) -> None:
    repo.git("config", "merge.mine.driver", "cat %B >> %A")
    repo.git("config", "merge.own.driver", "sh tools/own %B %A")
    branches(repo, *CASES[case])
    compare(repo, repository)


def test_the_verdict_is_the_same_from_a_bare_repository(repo: Repo, tmp_path: Path) -> None:
    branches(repo, *CASES["union driver"])
    subprocess.run(["git", "clone", "-q", "--bare", repo.path, tmp_path / "bare"], check=True)
    from ccc.git.repository import discover

    bare = discover(tmp_path / "bare", {})
    assert bare.bare
    verdict = mergetree.merge(bare.git, repo.oid("main"), repo.oid("theirs"))
    assert (True, verdict.tree) == git_merge(repo)[:2]


@pytest.fixture
def library(repo: Repo, tmp_path: Path) -> Repo:
    """A submodule `lib` in `repo`, with branches one → two and one → three in its own repository."""
    library = Repo(tmp_path / "library")
    library.path.mkdir()
    library.git("init", "-q")
    library.commit("One", {"code": "1\n"})
    repo.git("submodule", "--quiet", "add", str(library.path), "lib")
    repo.commit("Add the library")
    return library


def at(repo: Repo, oid: str) -> Change:
    def change(_: Repo) -> None:
        Repo(repo.path / "lib").git("checkout", "-q", oid)

    return change


def test_a_submodule_moved_forward_on_both_sides_is_merged(
    repo: Repo, repository: Repository, library: Repo
) -> None:
    one, two = library.commit("Two", {"code": "2\n"}), library.commit("Three", {"code": "3\n"})
    Repo(repo.path / "lib").git("fetch", "-q")
    branches(repo, NOTHING, at(repo, one), at(repo, two))
    at(repo, one)(repo)
    assert not compare(repo, repository).conflicts


def test_a_submodule_moved_apart_is_a_conflict(repo: Repo, repository: Repository, library: Repo) -> None:
    first = library.oid()
    one = library.commit("Two", {"code": "2\n"})
    library.git("checkout", "-q", "-b", "other", first)
    two = library.commit("Three", {"code": "3\n"})
    Repo(repo.path / "lib").git("fetch", "-q")
    branches(repo, NOTHING, at(repo, one), at(repo, two))
    at(repo, one)(repo)
    (file,) = compare(repo, repository).conflicts
    assert (file.path, file.kind) == ("lib", "submodule")
    assert mergetree.conflict_hunks(repository.git, file) == []


def test_a_submodule_with_its_repository_inside_is_merged(repo: Repo, repository: Repository) -> None:
    library = Repo(repo.path / "lib")
    library.path.mkdir()
    library.git("init", "-q")
    commits = [library.commit(words, {"code": words}) for words in ("One", "Two", "Three")]
    at(repo, commits[0])(repo)
    repo.git("-c", "advice.addEmbeddedRepo=false", "add", "lib")
    branches(repo, NOTHING, at(repo, commits[1]), at(repo, commits[2]))
    at(repo, commits[1])(repo)
    assert not compare(repo, repository).conflicts


def test_programs_that_merge_are_those_of_the_commit_named(repo: Repo, repository: Repository) -> None:
    """A branch that is only looked at has nothing of its own started, though its attributes count."""
    repo.git("config", "merge.own.driver", "sh tools/own %B %A")
    branches(repo, *CASES["driver that is a file of ours"])
    ours, theirs = repo.oid("main"), repo.oid("theirs")
    (verdict,) = mergetree.merges(repository.git, ours, [theirs], programs=repo.oid("main~")).values()
    assert not verdict.conflicts
    assert "ours" in repo.git("show", f"{mergetree.merge(repository.git, ours, theirs).tree}:a.txt")
    assert "ours" not in repo.git("show", f"{verdict.tree}:a.txt")


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        ("same line", "content"),
        ("add/add", "add/add"),
        ("modify/delete", "modify/delete"),
        ("binary", "binary"),
        ("rename/rename", "rename/rename"),
    ],
)
def test_a_conflict_names_its_kind_in_gits_words(
    repo: Repo, repository: Repository, case: str, kind: str
) -> None:
    branches(repo, *CASES[case])
    verdict = compare(repo, repository)
    assert {file.kind for file in verdict.conflicts} == {kind}


def test_a_file_in_the_way_of_a_folder_is_named_as_it_is_on_its_side(
    repo: Repo, repository: Repository
) -> None:
    """git puts it aside, below the id of a commit: that name is nowhere, and another one with each commit."""
    base = repo.commit("Base", {"other": "1\n"})
    file = repo.commit("File", {"thing": "x\n"})
    repo.git("checkout", "-q", "-b", "folder", base)
    folder = repo.commit("Folder", {"thing/in": "y\n"})
    for ours, theirs in ((file, folder), (folder, file)):
        (found,) = mergetree.merge(repository.git, ours, theirs).conflicts
        assert (found.path, found.side, found.kind) == ("thing", "thing", "file/directory")
        assert found.raw == f"thing~{file}"


def test_a_conflict_names_the_objects_of_each_side(repo: Repo, repository: Repository) -> None:
    branches(repo, *CASES["modify/delete"])
    (file,) = compare(repo, repository).conflicts
    assert file.stages[OURS] == ("100644", repo.oid("main:a.txt"))
    assert file.stages[BASE] == ("100644", repo.oid("theirs~:a.txt"))
    assert THEIRS not in file.stages
    assert "a.txt" in file.message


def test_unrelated_histories_are_told_from_other_failures(repo: Repo, repository: Repository) -> None:
    other = repo.git("commit-tree", "-m", "Elsewhere", repo.oid("HEAD^{tree}"))
    with pytest.raises(UnrelatedHistories, match="no common history"):
        mergetree.merge(repository.git, repo.oid(), other)


def test_a_quarantine_keeps_new_objects_out_of_the_repository(
    repo: Repo, repository: Repository, tmp_path: Path
) -> None:
    branches(repo, *CASES["apart in one file"])
    before = repo.git("count-objects")
    quarantine = tmp_path / 'quar:an"tine'
    verdict = mergetree.merge(repository.git, repo.oid("main"), repo.oid("theirs"), quarantine=quarantine)
    assert repo.git("count-objects") == before
    inside = mergetree.quarantined(repository.git, quarantine)
    assert "line three" in inside.text("cat-file", "blob", f"{verdict.tree}:a.txt")
    assert not repository.git.test("cat-file", "-e", verdict.tree)


def test_a_repository_path_with_a_colon_can_be_quarantined(repo: Repo, tmp_path: Path) -> None:
    from ccc.git.repository import discover

    branches(repo, *CASES["apart in one file"])
    place = tmp_path / 'with: colon "and quotes" \N{ROCKET}'
    repo.path.rename(place)
    git_there = mergetree.quarantined(discover(place, {}).git, tmp_path / "quarantine")
    assert git_there.text("cat-file", "-t", "main") == "commit"


def test_conflicts_in_the_sessions_folder_do_not_count(repo: Repo, repository: Repository) -> None:
    session = ".ccc/sessions/one/report.md"
    odd = ".ccc/sessions/caf\udce9"
    branches(
        repo,
        NOTHING,
        several(put(session, "one\n"), put(odd, "1\n")),
        several(put(session, "two\n"), put(odd, "2\n"), put("kept.txt", "kept\n")),
    )
    verdict = mergetree.merge(repository.git, repo.oid("main"), repo.oid("theirs"))
    assert len(verdict.conflicts) == 2
    clean = verdict.without(repository.git, ".ccc/sessions")
    assert clean.conflicts == ()
    assert surgery.subtree(repository.git, clean.tree, ".ccc") is None
    assert repo.git("show", f"{clean.tree}:kept.txt") == "kept"


def hunks(repo: Repo, repository: Repository, base: str, ours: str, theirs: str) -> list[mergetree.Hunk]:
    branches(repo, put("a.txt", base), put("a.txt", ours), put("a.txt", theirs))
    (file,) = compare(repo, repository).conflicts
    return mergetree.conflict_hunks(repository.git, file)


def test_a_hunk_holds_each_side_and_where_it_begins_there(repo: Repo, repository: Repository) -> None:
    ours = LINES.replace("line 2\n", "line 2\nmore\nand more\n").replace("line 20\n", "ours\n")
    theirs = LINES.replace("line 10\n", "").replace("line 20\n", "theirs\nand theirs\n")
    (hunk,) = hunks(repo, repository, LINES, ours, theirs)
    assert (hunk.ours, hunk.base, hunk.theirs) == (("ours",), ("line 20",), ("theirs", "and theirs"))
    assert ours.split("\n")[hunk.ours_start - 1] == "ours"
    assert theirs.split("\n")[hunk.theirs_start - 1] == "theirs"


def test_every_hunk_of_a_file_is_placed(repo: Repo, repository: Repository) -> None:
    ours = LINES.replace("line 5\n", "five\nfive\n").replace("line 15\n", "").replace("line 25\n", "ours\n")
    theirs = (
        LINES.replace("line 5\n", "cinq\n").replace("line 10\n", "ten\nten\n").replace("line 25\n", "x\n")
    )
    first, second = hunks(repo, repository, LINES, ours, theirs)
    assert (first.ours_start, first.theirs_start) == (5, 5)
    assert ours.split("\n")[second.ours_start - 1] == "ours"
    assert theirs.split("\n")[second.theirs_start - 1] == "x"


def test_text_that_looks_like_markers_is_only_text(repo: Repo, repository: Repository) -> None:
    fake = "<<<<<<< HEAD\n=======\n" + "=" * 60 + "\n>>>>>>> theirs\n"
    (hunk,) = hunks(repo, repository, f"{fake}one\n", f"{fake}two\n", f"{fake}three\n")
    assert (hunk.ours, hunk.base, hunk.theirs, hunk.ours_start) == (("two",), ("one",), ("three",), 5)


def test_separators_inside_a_line_do_not_split_it(repo: Repo, repository: Repository) -> None:
    (hunk,) = hunks(repo, repository, "a\fb\u2028c\n", "a\fB\u2028c\n", "a\fb\u2028C\n")
    assert hunk.ours == ("a\fB\u2028c",)


def test_files_added_on_both_sides_have_hunks_without_a_base(repo: Repo, repository: Repository) -> None:
    branches(repo, *CASES["add/add"])
    (file,) = compare(repo, repository).conflicts
    (hunk,) = mergetree.conflict_hunks(repository.git, file)
    assert (hunk.ours, hunk.base, hunk.theirs) == (("one",), (), ("two",))


@pytest.mark.parametrize("case", ["binary", "two symlinks", "modify/delete"])
def test_what_is_no_text_has_no_hunks(repo: Repo, repository: Repository, case: str) -> None:
    branches(repo, *CASES[case])
    for file in compare(repo, repository).conflicts:
        assert mergetree.conflict_hunks(repository.git, file) == []


def test_several_are_merged_at_once_as_one_by_one(repo: Repo, repository: Repository) -> None:
    """Also beside those that git refuses, and where attributes are of some of their folders only."""
    union = several(put("folder/.gitattributes", "b.txt merge=union\n"), BEFORE)
    ours = several(EDIT, replaced("folder/b.txt", "line 3\n", "ours\n"))
    branches(repo, union, ours, replaced("folder/b.txt", "line 3\n", "theirs\n"))
    heads = [repo.oid("theirs")]
    for change in (
        put("other", "1\n"),
        replaced("a.txt", "line 3\n", "3\n"),
        git("rm", "-q", "a.txt"),
        NOTHING,
    ):
        repo.git("checkout", "-q", "--detach", "theirs~")
        change(repo)
        repo.commit("Another")
        heads.append(repo.oid())
    repo.git("checkout", "-q", "main")
    lone = [repo.git("commit-tree", "-m", words, repo.oid("HEAD^{tree}")) for words in ("One", "Two")]
    missing = "1" * len(lone[0])
    merge, base = partial(mergetree.merge, repository.git), repo.oid()
    for many in ([*heads, base], [lone[0], *heads, *lone], [lone[0], heads[1], lone[1], heads[0], base]):
        found = mergetree.merges(repository.git, base, many)
        assert found == {each: merge(base, each) for each in many if each not in lone}
    assert mergetree.merges(repository.git, base, [heads[0], missing, heads[1]]) == {
        each: merge(base, each) for each in heads[:2]
    }
    assert mergetree.merges(repository.git, base, []) == {}
