from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import Field, create_model

from nbalert import ChannelRefused, Message, Question, Receipt, Reply, SettingsError
from nbalert.fields import Secret
from nbalert.testing import check, checks_of
from tests.kernels import ROOT
from tests.testing.folder_chat import FolderChat, FolderRow

TEST_FILE = """
from nbalert.testing import ChannelContract
from tests.testing.folder_chat import FolderRow

class TestFolderChat(ChannelContract):
    row = FolderRow
"""


def test_somebody_elses_tests(tmp_path: Path) -> None:
    """A class of two lines is a test of each check; what the row cannot show is skipped, and says why."""
    (tmp_path / "test_mine.py").write_text(TEST_FILE)
    words = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CI": ""}
    done = subprocess.run(words, capture_output=True, text=True, env=environment, cwd=tmp_path)
    trouble = [one for one in checks_of(FolderRow) if "server" in _why_not(one.name)]
    assert f"{len(checks_of(FolderRow)) - len(trouble)} passed, {len(trouble)} skipped" in done.stdout
    assert "Not tried: the row has no server that can be told to misbehave" in done.stdout


def _why_not(name: str) -> str:
    return "no server" if name.startswith(("trouble", "retry", "a lost", "a malformed", "a revoked")) else ""


def test_in_a_notebook(capsys: pytest.CaptureFixture[str]) -> None:
    """While an event loop runs, as it does there: a line for each check, and how many were kept."""

    async def cell() -> str:
        return repr(check(FolderRow))

    count = asyncio.run(cell())
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(checks_of(FolderRow))
    assert "✓ order                      Messages are shown in the order in which they were posted." in lines
    assert count == f"{len(lines) - 11} kept, 0 failed, 11 not tried"


class _WithoutKeys(FolderChat):
    async def post(self, message: Message, key: str) -> Receipt:
        return await super().post(message, f"{key}-{uuid4().hex}")


class _WithoutReceipt(FolderChat):
    async def post(self, message: Message, key: str) -> Receipt:
        await super().post(message, key)
        return None  # type: ignore[return-value]


class _Cutting(FolderChat):
    async def post(self, message: Message, key: str) -> Receipt:
        return await super().post(replace(message, text=message.text[:500]), key)


class _Leaking(FolderChat):
    async def post(self, message: Message, key: str) -> Receipt:
        receipt = await super().post(message, key)
        return replace(receipt, reference="secret-path", channel=self.name)


class _Forgetful(FolderChat):
    async def replies(self, question: Question, receipt: Receipt) -> AsyncIterator[Reply]:
        async for reply in super().replies(question, receipt):
            yield replace(reply, reference=uuid4().hex)


class _Refusing(FolderChat):
    async def post(self, message: Message, key: str) -> Receipt:
        raise ChannelRefused(f"{self.name}: I do not like it")


@pytest.mark.parametrize(
    ("channel", "line"),
    [
        (_WithoutKeys, "✗ a key                      there are 4 messages of two keys"),
        (_WithoutReceipt, "✗ a post                     ChannelError team: post() returned no Receipt"),
        (_Cutting, "✗ hostile text: long         it was cut, and nothing says so"),
        (_Leaking, "✗ a post                     a secret is in the receipt"),
        (_Forgetful, "✗ the same again             the same answer has another reference"),
        (_Refusing, "✗ order                      ChannelRefused team: I do not like it"),
    ],
)
def test_what_is_wrong_is_found(
    channel: type[FolderChat], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each of these channels breaks one promise, and the line of that check says so."""

    class Mine(FolderRow):
        pass

    Mine.channel = channel
    assert not check(Mine)
    assert line in capsys.readouterr().out


def test_a_class_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a row its receipts are looked at, what readers see is not, and each line says so."""
    assert check(FolderChat, {"folder": str(tmp_path)})
    said = capsys.readouterr().out
    assert "– a post                     not tried: the row has no seen()" in said
    assert not check(_WithoutReceipt, {"folder": str(tmp_path)})


class _Babbling(FolderChat):
    async def post(self, message: Message, key: str) -> Receipt:
        raise ChannelRefused(f"no place in {self.settings.token.get_secret_value()}")  # type: ignore[attr-defined]


def test_a_secret_of_the_class_stays_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings are those of a file, with references; what a class says of its token is blotted out."""
    monkeypatch.setenv("CHAT_TOKEN", "hush-hush")
    _Babbling.Settings = create_model(
        "WithToken", __base__=FolderChat.Settings, token=(Secret, Field(description="Its token"))
    )
    assert not check(_Babbling, {"folder": str(tmp_path), "token": "env:CHAT_TOKEN"})
    said = capsys.readouterr().out
    assert "✗ order                      ChannelRefused no place in ***" in said
    assert "hush" not in said


def test_what_is_no_channel(tmp_path: Path) -> None:
    """One line says what is missing, or which setting is wrong."""
    with pytest.raises(SettingsError, match=r"not a class derived from nbalert\.Channel"):
        check(dict)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="folder: is needed"):
        check(FolderChat, {})
