from __future__ import annotations

import ast
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from nbalert.home import Home
from nbalert.message import Image, Message, Source
from nbalert.outbox import Outbox
from nbalert.policy import Policy
from nbalert.question import Question
from nbalert.settings import Settings, load
from nbalert.spool import Spool
from tests.inboxes import question as asked
from tests.kernels import ROOT
from tests.reliability.leaks import FORMATS

QUESTION = asked()
SECRET = FORMATS["GitHub personal token"]()
IDS = {"target", "topic", "mention"}
"""What a service, or routing, needs as it is."""


@pytest.fixture
def outbox(home: Home, tmp_path: Path) -> Outbox:
    """One whose settings are those of nobody."""
    return Outbox(home.spool, lambda: load(tmp_path, home, {}))


def stored(home: Home) -> dict[str, Any]:
    """What was put last."""
    found: dict[str, Any] = list(Spool(home.spool).take())[-1].data
    return found


def full(kind: type, **given: Any) -> Any:
    """One whose texts are all secret."""
    texts = {one.name: SECRET for one in fields(kind) if one.type == "str" and one.name not in IDS}
    return kind(**{**texts, **given})


def test_every_text_of_a_message_is_scrubbed(outbox: Outbox, home: Home) -> None:
    """Also one that is added tomorrow: all fields that hold text, whatever they are called."""
    message = full(
        Message,
        source=full(Source),
        images=(Image(b"x", "image/gif", f"{SECRET}.gif"),),
        metadata={SECRET: SECRET, "password": 123456, "n": 1},
        native={"slack": {"blocks": [{"text": {"text": f"see {SECRET}"}, "id": SECRET}]}},
        question=replace(QUESTION, text=SECRET, code=f"x = '{SECRET}'", redacted=2),
    )
    outbox.put({"kind": "message", "channels": ["c"], "message": outbox.stripped(message).to_json()})
    content = stored(home)
    assert SECRET not in json.dumps(content)
    kept = content["message"]
    assert kept["title"] == "«redacted: github token»"
    assert kept["metadata"] == {
        "«redacted: github token»": "«redacted: github token»",
        "password": "«redacted: password»",
        "n": 1,
    }
    assert (kept["question"]["code"], kept["question"]["redacted"]) == ("x = '«redacted: github token»'", 3)


def test_what_has_to_be_exact_is(outbox: Outbox, home: Home) -> None:
    """Ids, hashes, the words of answers and pictures are not text, whatever they look like."""
    policy = Policy(approvers=(SECRET,), choices=(SECRET,))
    question = replace(QUESTION, id=SECRET, run=SECRET, code_sha256=SECRET, policy=policy)
    message = Message(title=SECRET, question=question, target=SECRET, mention=(SECRET,), topic=SECRET)
    outbox.put({"kind": "message", "message": message.to_json()})
    kept = stored(home)["message"]
    again = Question.from_json(kept["question"])
    assert replace(again, text=question.text, code=question.code) == question
    assert (kept["target"], kept["mention"], kept["topic"]) == (SECRET, [SECRET], SECRET)
    outbox.put({"kind": "cancel", "question": SECRET, "reason": SECRET})
    assert (stored(home)["question"], stored(home)["reason"]) == (SECRET, "«redacted: github token»")


def test_a_message_without_secrets_is_as_it_was(outbox: Outbox, home: Home) -> None:
    """To the letter."""
    message = Message(
        title="Done «in» 3 s", code="x = 1", metadata={"tokens": 5, "key": "a"}, question=QUESTION
    )
    data = {"kind": "message", "message": message.to_json()}
    outbox.put(data)
    assert {name: stored(home)[name] for name in data} == json.loads(json.dumps(data))


def test_no_redact_counts_where_ones_own_settings_allow_it(home: Home, tmp_path: Path) -> None:
    """Elsewhere it changes nothing."""

    def settings() -> Settings:
        return load(tmp_path, home, env)

    env: dict[str, str] = {}
    outbox, data = Outbox(home.spool, settings), {"text": "password=hunter2"}
    outbox.put(data, is_redacted=False)
    assert stored(home)["text"] == "password=«redacted: password»"
    env["NBALERT_ALLOW_NO_REDACT"] = "true"
    outbox.put(data, is_redacted=False)
    assert stored(home)["text"] == "password=hunter2"
    outbox.put(data)
    assert stored(home)["text"] == "password=«redacted: password»"


def test_nothing_else_writes_into_the_spool() -> None:
    """The outbox alone puts; a client has an outbox and no spool; the courier only takes."""
    makes, puts = set(), set()
    for path in (ROOT / "nbalert").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                makes |= {path.stem} if called == "Spool" else set()
                puts |= {path.stem} if called.endswith("spool.put") else set()
    assert makes == {"outbox", "office"}
    assert puts == {"outbox"}
