from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

import nbalert
from nbalert.__main__ import main
from nbalert.home import Home
from nbalert.process import client, finish
from nbalert.teammate import Teammate
from nbalert.trail import canonical, digest


def ask_twice() -> None:
    """One question is approved, one rejected."""
    link = str(client().request({"do": "link", "base": "", "person": "bob"}))
    with Teammate(link, [("Deploy", "yes: go"), ("Drop", "no: never")]):
        nbalert.ask("Deploy?")
        nbalert.ask("Drop?", raises=False)


def test_verify_and_export(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """A whole trail exits with 0, and is exported so that anybody can check it; an altered one with 1."""
    ask_twice()
    assert main(["history", "--verify"]) == 0
    assert "is whole" in capsys.readouterr().out
    assert main(["history", "--json"]) == 0
    exported = json.loads(capsys.readouterr().out)
    previous = ""
    for number, entry in enumerate(exported["trail"], 1):
        sha256 = entry.pop("sha256")
        assert (entry["seq"], entry["previous"], digest(canonical(entry))) == (number, previous, sha256)
        previous = sha256
    assert exported["head"] == {"seq": len(exported["trail"]), "sha256": previous}
    assert {"Deploy?", "Drop?"} == {delivery["title"] for delivery in exported["deliveries"]}
    finish()
    with closing(sqlite3.connect(home.store)) as db, db:
        db.execute("UPDATE question SET decision = replace(decision, 'rejected', 'approved')")
    assert main(["history", "--verify"]) == 1
    assert "its decision was changed in the ledger" in capsys.readouterr().out


def test_history_shows_who_and_how_it_ended(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """Each ask with its outcome, who gave it, and how the code that it let run has ended."""
    ask_twice()
    assert main(["history"]) == 0
    shown = capsys.readouterr().out
    assert "Deploy? → approved by bob: go" in shown
    assert "Drop? → rejected by bob: never" in shown
