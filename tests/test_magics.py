"""What of the magics needs no kernel: their lines, their help, loading and unloading, in a plain shell."""

from __future__ import annotations

from typing import Any

import pytest

from nbalert.home import Home
from nbalert.magics import NbalertMagics
from nbalert.process import client, finish
from tests.chat_servers.webhook import Webhook
from tests.processes import settings_file, webhook_table


def error_of(shell: Any, cell: str) -> str:
    """What a cell raises, as `Name: text`; empty if it does not."""
    result = shell.run_cell(cell)
    error = result.error_before_exec or result.error_in_exec
    return "" if error is None else f"{type(error).__name__}: {error}"


def sent() -> list[Any]:
    """Titles and levels of what was accepted."""
    return [(row["title"], row["level"]) for row in client().request({"do": "history", "limit": 10})]


@pytest.mark.parametrize("name", ["alert", "ask", "nbalert"])
def test_help_is_readable(name: str) -> None:
    """The help shows usage, examples that begin with the magic, and every option with a word on it."""
    text = str(getattr(NbalertMagics, name).__doc__)
    assert f"%{name} " in text
    assert "Examples:" in text
    assert "%%%" not in text
    assert "==" not in text
    options = text.partition("positional arguments:")[2]
    assert len(options.splitlines()) > 2


def test_the_nearest_word_of_several(shell: Any) -> None:
    """`--on` takes many with commas: the one that is wrong is looked up."""
    assert "'chnge'" in (said := error_of(shell, "%%alert --on failure,chnge\n1"))
    assert "(did you mean change?)" in said


def test_status_warns_on_a_hub(
    shell: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its culler may end a kernel that waits; with `keep_alive` it does not, and nothing is said."""
    monkeypatch.setenv("JUPYTERHUB_API_URL", "http://hub/api")
    shell.run_cell("%nbalert status")
    assert "warning: this server belongs to a JupyterHub" in capsys.readouterr().out
    finish()  # its settings were read with the environment of before
    monkeypatch.setenv("NBALERT_KEEP_ALIVE", "true")
    shell.run_cell("%nbalert status")
    assert "warning" not in capsys.readouterr().out


@pytest.mark.parametrize("cell", ["%alert Hello -c chat", "%%alert -c chat\n1"])
def test_a_secret_that_is_missing_is_told_at_once(
    shell: Any, home: Home, cell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The alert waits, and one line says for what; nobody has to look at the status first."""
    home.settings.parent.mkdir(mode=0o700, exist_ok=True)
    home.settings.write_text('[channels.chat]\nkind = "slack-webhook"\nurl = "env:NO_SUCH_SECRET"\n')
    assert error_of(shell, cell) == ""
    (line,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("nbalert:"))
    assert "the environment variable NO_SUCH_SECRET is not set" in line
    assert line.endswith("(the alert is kept, and waits)")


def test_expressions_decide_the_level(shell: Any) -> None:
    """They see the cell's own names, after it has run; of a cell that failed nobody asks them."""
    levels = '--warn "loss > 0.5" --crit "loss > 0.9"'
    for loss in (0.1, 0.6, 1.0):
        assert error_of(shell, f"%%alert -t {loss} {levels}\nloss = {loss}") == ""
    assert error_of(shell, f"%%alert -t failed {levels}\nloss = 0.1\n1 / 0").startswith("ZeroDivisionError")
    assert sorted(sent()) == [("0.1", "OK"), ("0.6", "WARNING"), ("1.0", "CRITICAL"), ("failed", "CRITICAL")]
    wrong = error_of(shell, "%%alert --warn 'loss >'\nran = 1")
    assert wrong.startswith("UsageError: %%alert: argument --warn: 'loss >' is not an expression")


def test_help_tells_cell_options_apart() -> None:
    """`%%alert?` and `%alert?` are one text: options of only one of them say so."""
    text = str(NbalertMagics.alert.__doc__)
    texts = ("--title", "--on", "--after", "--info", "--crit")
    switches = ("--no-code", "--no-output", "--no-images")
    for option in (*texts, *switches):
        assert "%%alert:" in text.rpartition(option)[2].partition(".")[0]


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("%alert", "UsageError: %alert: say something"),
        ("%alert --wrong x", "UsageError: %alert: unknown option --wrong"),
        ("%alert -l loud x", "UsageError: %alert: argument -l/--level: 'LOUD': choose one of OK"),
        ("%alert -c nowhere x", "UsageError: %alert: unknown channel 'nowhere'"),
        ("%nbalert chanels", "UsageError: %nbalert: 'chanels': choose one of status, config, channels"),
        ("%nbalert status now", "UsageError: %nbalert status: too many words: now"),
        ("%alert --chanel x y", "UsageError: %alert: unknown option --chanel (did you mean --channel?)"),
        (
            "%nbalert auto 60s --onn x",
            "UsageError: %nbalert auto: unknown option --onn (did you mean --on?)",
        ),
        ("%nbalert auto 60s -c inbx", "UsageError: %nbalert auto: unknown channel 'inbx'"),
        ("%nbalert", "UsageError: %nbalert: say what to do: %nbalert status"),
        ("%ask", 'UsageError: %ask: say what to ask: %ask "Drop table users?"'),
        ("%ask Q --need many", "UsageError: %ask: argument --need: invalid int value: 'many'"),
        ("%ask Q -c nowhere", "UnknownChannel: unknown channel 'nowhere'; known channels: inbox"),
        ("%%alert --after soon\nran = 1", "UsageError: %%alert: argument --after: 'soon' is not a duration"),
        ("%%alert --on never\nran = 1", "UsageError: %%alert: argument --on: 'never': choose one of always"),
        ("%%alert words\nran = 1", "UsageError: %%alert takes no text: write -t 'words'"),
        ("%%ask\nran = 1", 'UsageError: %%ask: say what to ask: %%ask "Drop table users?"'),
        ("%%ask Q --no-raise\nran = 1", "UsageError: %%ask has no --no-raise"),
        ("%%ask Q --need 0\nran = 1", "UsageError: %%ask: --need 0: at least one has to approve"),
        ("%%ask Q --choices a,A\nran = 1", "UsageError: %%ask: two choices are the same"),
        ("%%ask Q --into 1x\nran = 1", "UsageError: %%ask: argument --into: '1x' is no name"),
        ("%ask Q --input int --need 2", "UsageError: %ask: a typed answer is one person's"),
        ("%%ask Q --timeout 1x\nran = 1", "UsageError: %%ask: argument --timeout: '1x' is not a duration"),
    ],
)
def test_wrong_lines(shell: Any, cell: str, says: str) -> None:
    """A wrong line raises one error that says what is wrong; nothing of the cell runs."""
    assert says in error_of(shell, cell)
    assert "ran" not in shell.user_ns


def test_words_of_a_line(shell: Any) -> None:
    """Free text: values are filled in, quotes come off, an apostrophe and a question mark stay."""
    shell.run_cell("rows = [1, 2, 3]")
    lines = ("{len(rows)} rows", '"two  spaces"', "-l critical It's hot", "Ready?", "Ready now? -l warning")
    for line in lines:
        assert error_of(shell, f"%alert {line}") == ""
    assert sent() == [
        ("3 rows", "INFO"),
        ("two  spaces", "INFO"),
        ("It's hot", "CRITICAL"),
        ("Ready?", "INFO"),
        ("Ready now?", "WARNING"),
    ]


@pytest.mark.parametrize(
    ("cell", "becomes"),
    [
        ("%ask Drop users?", "get_ipython().run_line_magic('ask', 'Drop users?')\n"),
        ("x = %ask Drop users?", "x = get_ipython().run_line_magic('ask', 'Drop users?')\n"),
        ("if x:\n  %ask It?\n", "if x:\n  get_ipython().run_line_magic('ask', 'It?')\n"),
        ("%ask Sure??", "get_ipython().run_line_magic('ask', 'Sure??')\n"),
        ("%ask?", "get_ipython().run_line_magic('pinfo', '%ask')\n"),
        ("%ask??", "get_ipython().run_line_magic('pinfo2', '%ask')\n"),
        ("len?", "get_ipython().run_line_magic('pinfo', 'len')\n"),
        ("%time?", "get_ipython().run_line_magic('pinfo', '%time')\n"),
        ("x = '%ask it?'", "x = '%ask it?'\n"),
        ("'''\n%ask it?\n'''", "'''\n%ask it?\n'''\n"),
        ("a %ask", "a %ask\n"),
    ],
)
def test_question_marks(shell: Any, cell: str, becomes: str) -> None:
    """A question mark at the end of our line is text; help stays help, and strings stay as they are."""
    assert shell.transform_cell(cell) == becomes


def test_loading_twice_and_unloading(shell: Any) -> None:
    """Loaded again nothing doubles; unloaded, no magic, transform or hook is left."""
    steps = shell.input_transformer_manager.token_transformers
    before = (len(shell.input_transformers_cleanup), len(steps), len(shell.events.callbacks["pre_run_cell"]))
    shell.run_line_magic("reload_ext", "nbalert")
    after = (len(shell.input_transformers_cleanup), len(steps), len(shell.events.callbacks["pre_run_cell"]))
    assert before == after
    shell.run_line_magic("unload_ext", "nbalert")
    assert error_of(shell, "%%ask Q\nran = 1") == "UsageError: Cell magic `%%ask` not found."
    assert "ran" not in shell.user_ns
    assert not [one for one in (*shell.input_transformers_cleanup, *steps) if "nbalert" in repr(one)]
    shell.run_line_magic("load_ext", "nbalert")


def test_whom_to_notify(shell: Any, home: Home) -> None:
    """`--mention` goes along, of a line as of a cell."""
    with Webhook() as server:
        settings_file(home.root, 'default = "ci"\n' + webhook_table("ci", server.url))
        assert error_of(shell, "%alert --mention U1 --mention U2 x") == ""
        assert error_of(shell, "%%alert --mention U3\nran = 1") == ""
        server.until(lambda one: len(one.accepted) == 2)
        assert [one.message["mention"] for one in server.accepted] == [["U1", "U2"], ["U3"]]


def test_channels_by_magic(shell: Any, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """Added, listed and taken out; a word that is none is one line, with what was meant."""
    assert error_of(shell, "%nbalert channels add ci webhook url=env:NOT_SET approvers=a,b") == ""
    assert "before it can be used: channels.ci.url" in capsys.readouterr().out
    assert error_of(shell, "%nbalert channels") == ""
    assert "ci: cannot be used" in capsys.readouterr().out
    assert "did you mean remove?" in error_of(shell, "%nbalert channels remov ci")
    assert "did you mean approvers?" in error_of(shell, "%nbalert channels add x webhook aprovers=a")
    said = error_of(shell, "%nbalert channels add x webhook url=https://hooks.example.org/s")
    assert 'write url = "env:X_URL"' in said
    assert "hooks.example.org" not in said
    assert error_of(shell, "%nbalert channels remove ci") == ""
    assert home.settings.read_text().strip() == ""


def test_alert_in_a_plain_shell(shell: Any) -> None:
    """IPython without a kernel does the same: the cell runs, its end is told."""
    assert error_of(shell, '%%alert -t "done"\nran = 5') == ""
    assert error_of(shell, '%%alert -t "broken"\n1/0') == "ZeroDivisionError: division by zero"
    assert shell.user_ns["ran"] == 5
    assert sent() == [("done", "OK"), ("broken", "CRITICAL")]
