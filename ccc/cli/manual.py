"""The prose of the manual page: what the commands themselves do not say."""

from __future__ import annotations

DESCRIPTION = (
    "ccc gives every coding agent, or person, a branch and a worktree of its own, records what they do as "
    "commits on refs/ccc, runs their checks, and lands their work after a person has approved exactly "
    "what was tested.",
    "Git is the only database: git log refs/ccc reads like a diary, and git show refs/ccc:sessions/ is the "
    "present state as plain files.",
    "Every command that takes an ID takes a session's id, any unique prefix of it of four digits or more, "
    "its name, alias or terminal id.",
)

JSON = (
    "Reading commands take --json and print one document with the field format (1). An error is then a "
    "document too, with the fields kind, message, hint and exit under error; the same words go to "
    "standard error. Texts for people may change, JSON may only grow.",
)

EXIT_CODES = {
    0: "Done, or yes. A reader that closed the pipe is no error",
    1: "No: not found, refused, failed, not initialised",
    2: "Wrong usage",
    3: "A person must decide: a conflict, a question, a missing or stale approval",
    4: "Not yet: a time limit was reached or the store is busy; trying again can help",
    70: "A fault of ccc itself; the path of a report is printed",
    130: "Interrupted",
}

ENVIRONMENT = {
    "CCC_SESSION, CCC_NAME, CCC_ROLE, CCC_PORT_BASE": "Set inside a session: its id, name, role and first "
    "port. With CCC_SESSION or CLAUDECODE set, ccc refuses decisions that belong to a person",
    "CCC_TRACE": "When 1, print each git command with its time, and where an error came from",
    "GIT_PAGER, PAGER": "The pager, chosen as git chooses it",
    "NO_COLOR": "When not empty, no colour unless --color=always",
    "XDG_STATE_HOME": "Where reports of faults are written, below ccc/reports (default: ~/.local/state)",
}

FILES = {
    "refs/ccc": "The events and the state of all sessions",
    ".ccc/": "The team's roles and configuration, on the target branch",
    ".ccc/sessions/NAME/": "Brief and report of a session, on its branch; a landing leaves them out",
    "../REPO.ccc/NAME": "The worktree of a session",
    "$GIT_COMMON_DIR/ccc/": "Pending work, logs and caches; all that is recorded is on refs/ccc too",
}

CONFIGURATION = {
    "color.ccc, color.ui": "When to use colour (see git-config(1))",
    "core.pager": "The pager",
}

EXAMPLES = (
    (
        "Prepare a repository, and give a specialist a task",
        ("git ccc init", 'git ccc spawn backend "JWT auth" --no-start'),
    ),
    ("See what goes on, and wait until something needs you", ("git ccc status", "git ccc wait --any")),
    (
        "Look at what would land, and land it",
        ("git ccc review backend-jwt-auth", "git ccc merge backend-jwt-auth"),
    ),
    ("Read the record with plain git", ("git log refs/ccc",)),
)

SEE_ALSO = ("git(1)", "git-worktree(1)", "git-merge-tree(1)")
