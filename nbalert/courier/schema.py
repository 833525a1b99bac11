"""The store's tables, as the steps that lead from an empty file to those of now.

    message ──▶ delivery (kind post, later update or remind) ──▶ receipt
       │  listed: by what the history finds it
       │  unrouted: whose further channels are not known yet    alert: the last level of each
       │  routed: what became of it on each channel that would hear it    told: when, for reminders
       │  progress: which message shows how far a run is, and which tells of its end
       └─ question ──▶ reply…    due: what falls due while it is open    audit: what happened, for good

Times are seconds since the epoch; bodies are JSON of `message.py` and `question.py`. No secret is in any row.
To change the tables append a step; what stands here has been run on people's files and is never altered.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

Step = tuple[str, ...]
"""The statements that lead from one version to the next."""

_FIRST: Step = (
    """CREATE TABLE message (
    id TEXT PRIMARY KEY, accepted_at REAL NOT NULL, origin TEXT NOT NULL, project TEXT NOT NULL,
    title TEXT NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID""",
    "CREATE INDEX message_by_time ON message (accepted_at)",
    """CREATE TABLE delivery (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT NOT NULL REFERENCES message, project TEXT NOT NULL,
    channel TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('post', 'update')),
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0, faults INTEGER NOT NULL DEFAULT 0,
    next_attempt_at REAL NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '', receipt TEXT, settled_at REAL, UNIQUE (message, channel, kind)
)""",
    "CREATE INDEX delivery_waiting ON delivery (project, channel, seq) WHERE state = 'waiting'",
    """CREATE TABLE question (
    id TEXT PRIMARY KEY, message TEXT NOT NULL REFERENCES message, origin TEXT NOT NULL, body TEXT NOT NULL,
    expires_at REAL, decision TEXT, outcome TEXT, consumed_by TEXT
) WITHOUT ROWID""",
    "CREATE INDEX question_open ON question (expires_at) WHERE decision IS NULL",
    """CREATE TABLE reply (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, question TEXT NOT NULL REFERENCES question, channel TEXT NOT NULL,
    reference TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (question, channel, reference)
)""",
)

_REMINDERS_AND_TRAIL: Step = (
    # A CHECK and a UNIQUE cannot be altered: the table is made anew, and keeps its rows and their numbers.
    """CREATE TABLE delivery_2 (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT NOT NULL REFERENCES message, project TEXT NOT NULL,
    channel TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('post', 'update', 'remind')),
    about TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0, faults INTEGER NOT NULL DEFAULT 0,
    next_attempt_at REAL NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '', receipt TEXT, settled_at REAL, UNIQUE (message, channel, kind, about)
)""",
    "INSERT INTO delivery_2 (seq, message, project, channel, kind, state, attempts, faults, next_attempt_at,"
    " error, receipt, settled_at) SELECT seq, message, project, channel, kind, state, attempts, faults,"
    " next_attempt_at, error, receipt, settled_at FROM delivery ORDER BY seq",
    "DROP TABLE delivery",
    "ALTER TABLE delivery_2 RENAME TO delivery",
    "CREATE INDEX delivery_waiting ON delivery (project, channel, seq) WHERE state = 'waiting'",
    "ALTER TABLE question ADD COLUMN body_outcome TEXT",
    "CREATE INDEX question_by_message ON question (message)",
    # Of approvals from before nobody knows whether they still wait to be used.
    "UPDATE question SET body_outcome = '' WHERE outcome = 'approved' AND consumed_by IS NULL",
    "CREATE INDEX question_unused ON question (origin)"
    " WHERE outcome = 'approved' AND consumed_by IS NULL AND body_outcome IS NULL",
    # The same moment on two clocks; the earlier one counts. `boot` names the boot that `boot_s` counts from.
    """CREATE TABLE due (
    question TEXT NOT NULL REFERENCES question,
    what TEXT NOT NULL CHECK (what IN ('end', 'remind', 'escalate')),
    at REAL NOT NULL, boot TEXT NOT NULL DEFAULT '', boot_s REAL, PRIMARY KEY (question, what)
) WITHOUT ROWID""",
    "CREATE INDEX due_by_time ON due (at)",
    "CREATE INDEX due_by_boot ON due (boot, boot_s)",
    "INSERT INTO due (question, what, at) SELECT id, 'end', expires_at FROM question"
    " WHERE decision IS NULL AND expires_at IS NOT NULL",
    """CREATE TABLE audit (
    seq INTEGER PRIMARY KEY, question TEXT NOT NULL, kind TEXT NOT NULL, entry TEXT NOT NULL,
    sha256 TEXT NOT NULL
)""",
    "CREATE INDEX audit_by_question ON audit (question, kind)",
    "CREATE TRIGGER audit_is_not_altered BEFORE UPDATE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END",
    "CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END",
    # INSERT OR REPLACE takes a row away without asking the trigger above.
    "CREATE TRIGGER audit_is_in_order BEFORE INSERT ON audit"
    " WHEN NEW.seq <= (SELECT coalesce(max(seq), 0) FROM audit)"
    " BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END",
)

_ROUTING: Step = (
    # The last level of each alert, and since when it has it: changes are told from one run to the next.
    """CREATE TABLE alert (
    project TEXT NOT NULL, id TEXT NOT NULL, level TEXT NOT NULL, at REAL NOT NULL, changed_at REAL NOT NULL,
    PRIMARY KEY (project, id)
) WITHOUT ROWID""",
    "CREATE TABLE unrouted (seq INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT NOT NULL REFERENCES message)",
)

_PROGRESS: Step = (
    # Of a run whose end is to continue its progress: the message that shows it, and that of its end.
    """CREATE TABLE progress (
    run TEXT PRIMARY KEY, message TEXT REFERENCES message, number INTEGER NOT NULL DEFAULT 0, final TEXT
) WITHOUT ROWID""",
    "CREATE INDEX progress_open ON progress (message) WHERE final IS NULL",
    "CREATE INDEX progress_by_message ON progress (message)",
    "CREATE INDEX progress_by_final ON progress (final)",
    # Whether its level is another than the time before; NULL where that is not noted yet.
    "ALTER TABLE unrouted ADD COLUMN has_changed INTEGER",
)

_HANDLERS: Step = (
    # How many runs in a row had the level; since when, and for how many runs, it fails (NULL: it does not).
    "ALTER TABLE alert ADD COLUMN runs INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE alert ADD COLUMN failing_at REAL",
    "ALTER TABLE alert ADD COLUMN failing_runs INTEGER NOT NULL DEFAULT 0",
    "UPDATE alert SET failing_at = changed_at, failing_runs = 1 WHERE level IN ('WARNING', 'CRITICAL')",
    # The whole change, as JSON, and whether its progress stands where it was named.
    "ALTER TABLE unrouted ADD COLUMN change TEXT",
    "ALTER TABLE unrouted ADD COLUMN is_end INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX unrouted_by_message ON unrouted (message)",
    # What became of a message on each channel that would hear it, and by which handler; `shown`: as JSON, how
    # that handler has the channel show it.
    """CREATE TABLE routed (
    message TEXT NOT NULL REFERENCES message, channel TEXT NOT NULL, handler TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('delivered', 'digested', 'suppressed')),
    rule TEXT NOT NULL DEFAULT '', shown TEXT NOT NULL DEFAULT '', PRIMARY KEY (message, channel, handler)
) WITHOUT ROWID""",
    # When a channel was told last of an alert, where a handler reminds it.
    """CREATE TABLE told (
    project TEXT NOT NULL, alert TEXT NOT NULL, channel TEXT NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (project, alert, channel)
) WITHOUT ROWID""",
)

_NOISE: Step = (
    # Alerts that are gathered to be told as one message, which has the digest's id. Of a handler it is due at
    # `at`; of a channel's `rate` when there is room, and then `handler` is empty.
    """CREATE TABLE digest (
    id TEXT PRIMARY KEY, project TEXT NOT NULL, channel TEXT NOT NULL, handler TEXT NOT NULL,
    title TEXT NOT NULL, interval_s REAL, publish TEXT NOT NULL, rate TEXT NOT NULL, opened_at REAL NOT NULL,
    at REAL NOT NULL, boot TEXT NOT NULL, boot_s REAL NOT NULL, is_open INTEGER NOT NULL DEFAULT 1
) WITHOUT ROWID""",
    "CREATE UNIQUE INDEX digest_open ON digest (project, channel, handler) WHERE is_open",
    # By which message an alert is told on a channel: a digest, or one that says the same.
    """CREATE TABLE digested (
    into_message TEXT NOT NULL, channel TEXT NOT NULL, message TEXT NOT NULL REFERENCES message,
    PRIMARY KEY (into_message, channel, message)
) WITHOUT ROWID""",
    "CREATE INDEX digested_by_message ON digested (message)",
    # What was said last, by its content: `count` others said the same, `told` of them are shown there, and
    # `untold` ones of the message before were not.
    """CREATE TABLE folded (
    project TEXT NOT NULL, channel TEXT NOT NULL, same TEXT NOT NULL, message TEXT NOT NULL,
    origin TEXT NOT NULL, at REAL NOT NULL, count INTEGER NOT NULL DEFAULT 0,
    told INTEGER NOT NULL DEFAULT 0, untold INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (project, channel, same)
) WITHOUT ROWID""",
    "CREATE INDEX folded_by_message ON folded (message, channel)",
    "CREATE INDEX folded_by_time ON folded (at)",
    # A silence ends at `at`, by the earlier of two clocks; then, or when it is ended, `ended_at` is set.
    """CREATE TABLE silence (
    id INTEGER PRIMARY KEY, what TEXT NOT NULL CHECK (what IN ('all', 'alert', 'topic')), glob TEXT NOT NULL,
    began_at REAL NOT NULL, at REAL NOT NULL, boot TEXT NOT NULL, boot_s REAL NOT NULL, ended_at REAL
)""",
    "CREATE INDEX routed_by_rule ON routed (rule) WHERE rule != ''",
    # What a channel was told within a while, for its rate.
    "CREATE INDEX delivery_settled ON delivery (project, channel, settled_at) WHERE kind = 'post'",
)

_LOOKUPS: Step = (
    # For each alert and each round: silences that are not over.
    "CREATE INDEX silence_by_end ON silence (ended_at)",
    # For status, and for a process that dies: few rows among very many.
    "CREATE INDEX delivery_failed ON delivery (seq) WHERE state = 'failed'",
    "CREATE INDEX delivery_stuck ON delivery (message) WHERE kind = 'post' AND error != ''",
    "CREATE INDEX question_running ON question (origin) WHERE outcome = 'approved' AND body_outcome IS NULL",
)

LIST_ALL = """
INSERT OR IGNORE INTO listed SELECT id, accepted_at, level, notebook,
    CASE WHEN notebook != '' AND cell != '' THEN notebook || '#' || cell
        WHEN alert != '' THEN alert ELSE title END
FROM (
    SELECT id, accepted_at, title, coalesce(json_extract(body, '$.level'), '') AS level,
        coalesce(json_extract(body, '$.source.notebook'), '') AS notebook,
        json_extract(body, '$.source.cell_id') AS cell, json_extract(body, '$.alert') AS alert
    FROM message WHERE json_valid(body)
)"""
"""Lists messages that were stored without it; a body with a nan is no JSON for SQLite, and stays unlisted."""

_LISTED: Step = (
    # By what the history finds a message, apart from its body: that holds pictures, and has no index.
    """CREATE TABLE listed (
    message TEXT PRIMARY KEY REFERENCES message, accepted_at REAL NOT NULL, level TEXT NOT NULL,
    notebook TEXT NOT NULL, alert TEXT NOT NULL
) WITHOUT ROWID""",
    "CREATE INDEX listed_by_time ON listed (accepted_at)",
    "CREATE INDEX listed_by_level ON listed (level, accepted_at)",
    "CREATE INDEX listed_by_notebook ON listed (notebook, accepted_at)",
    "CREATE INDEX delivery_by_channel ON delivery (channel, message) WHERE kind = 'post'",
    LIST_ALL,
)

MIGRATIONS: tuple[Step, ...] = (
    _FIRST,
    _REMINDERS_AND_TRAIL,
    _ROUTING,
    _PROGRESS,
    _HANDLERS,
    _NOISE,
    _LOOKUPS,
    _LISTED,
)
"""The first step makes the tables in an empty file."""

SCHEMA_VERSION = len(MIGRATIONS)


def version_of(db: sqlite3.Connection) -> int:
    """How many steps a file has been taken; 0 for an empty one."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return int(version)


def migrate(db: sqlite3.Connection, steps: Sequence[Step] = MIGRATIONS) -> None:
    """Take the steps that are missing, all of them or none."""
    if version_of(db) == len(steps):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        for step in steps[version_of(db) :]:
            for statement in step:
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {len(steps)}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
