from __future__ import annotations

from pathlib import Path

import pytest

from nbalert.home import Home
from nbalert.known_secrets import redactor_of
from nbalert.settings import load
from tests.processes import settings_file

SETTINGS = """
[channels.a]
kind = "webhook"
url = "https://chat.example.org/hooks/k3ykabc12345"
[channels.b]
kind = "slack"
token = "env:B_BOT"
app_token = "file:app"
channel = "C1"
"""
ENVIRONMENT = {
    "B_BOT": "opaque-bot-value",
    "HTTPS_PROXY": "http://ann:pr0xy-pass@proxy:3128",
    "DB_PASSWORD": "s3same-open",
    "POSTGRES_PASSWORD": "postgres",
    "DATABASE_URL": "mysql://u:in-the-url@db/x",
    "SSH_KEY": "/home/ann/.ssh/id_ed25519",
    "TOKEN": "short",
    "CI_JOB_TOKEN": "none",
    "GREETING": "hello-world-12",
    "PAGER_TOKEN": "pover://ann@t0kenwherehostsare",
}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("opaque-bot-value", "channel b"),
        ("app-level-value", "channel b"),
        ("/hooks/k3ykabc12345", "channel a"),
        ("pr0xy-pass", "HTTPS_PROXY"),
        ("s3same-open", "DB_PASSWORD"),
        ("in-the-url", "DATABASE_URL"),
        ("k3ykabc12345", "channel a"),
        ("t0kenwherehostsare", "PAGER_TOKEN"),
    ],
)
def test_known_values_are_hidden(value: str, kind: str, home: Home, tmp_path: Path) -> None:
    """Wherever they stand, and however they are spelt: those of channels, of the way out, of variables."""
    project = settings_file(tmp_path / "p", SETTINGS).parent
    (project / "app").write_text("app-level-value\n")
    redactor = redactor_of(load(project, home, ENVIRONMENT), ENVIRONMENT)
    for text in (value, f"is {value}.", f"x={value!r}", f"(see: {value},)"):
        shown = redactor.text(text)
        assert value.strip("/") not in shown, shown
        assert f"«redacted: {kind}»" in shown
    assert redactor.code(f"x = '{value}'").count == 1


@pytest.mark.parametrize(
    "text",
    [
        "FROM postgres:16",
        "ls /home/ann/.ssh/id_ed25519",
        "a shorter way",
        "none of them",
        "hello-world-12",
        "https://chat.example.org/",
        "postgresql is a database",
    ],
)
def test_ordinary_values_are_not(text: str, home: Home, tmp_path: Path) -> None:
    """Words, paths and what is too short stay, also where a variable with such a name has them."""
    project = settings_file(tmp_path / "p", SETTINGS).parent
    redactor = redactor_of(load(project, home, ENVIRONMENT), ENVIRONMENT)
    assert redactor.text(text) == text


def test_a_spelling_of_a_value_is_the_value() -> None:
    """Quoted for a URL, for JSON, or as Python writes it."""
    environment = {"API_SECRET": 'aä"b/c d\\e-12345'}
    redactor = redactor_of(None, environment)
    for spelt in ('aä"b/c d\\e-12345', "a%C3%A4%22b%2Fc%20d%5Ce-12345", 'a\\u00e4\\"b/c d\\\\e-12345'):
        assert redactor.text(f"<{spelt}>") == "<«redacted: API_SECRET»>"
