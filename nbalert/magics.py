"""The magics: parse a line, call, show. Their docstrings are the help that `%%alert?` shows."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments

from nbalert.auto_switch import AutoSwitch
from nbalert.cell_number import cell_number
from nbalert.cells import CellWatcher
from nbalert.errors import NbalertError
from nbalert.line_words import line_words
from nbalert.magic_options import no_option, parsed, understood
from nbalert.option_types import (
    LEVELS,
    duration,
    expression,
    identifier,
    interval,
    timeout,
    which_ends,
    word_list,
)
from nbalert.policy import INPUTS

if TYPE_CHECKING:
    from nbalert.farewell import Farewell
    from nbalert.question import Decision
    from nbalert.recording import CellRun, Recording

_USER_FRAME = 2
"""How many frames above a magic the user's own is, as `var_expand` counts: IPython's call lies between."""

_WHAT = (
    *("status", "config", "channels", "test", "inbox", "history", "retry", "auto", "silence"),
    "route",
)


@magics_class
class NbalertMagics(Magics):
    """`alert`, `ask` and `nbalert` of one shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._shell = shell
        self._evaluate = shell.ev
        self.farewell: Farewell | None = None
        self.watcher = CellWatcher(shell, check=self.check, begun=self.begun, done=self.done)
        self.auto = AutoSwitch(shell, self.watcher)

    # ---- %alert and %%alert

    @magic_arguments()
    @argument("-c", "--channel", action="append", default=[], help="Where to; may be repeated.")
    @argument("-l", "--level", type=str.upper, choices=LEVELS, default="INFO", help="%%alert: how bad it is.")
    @argument("-t", "--title", default="", help="%%%%alert: first line instead of one made from the cell.")
    @argument(
        "--on",
        type=which_ends,
        default="always",
        help="%%%%alert: which ends to tell: always, failure, success, change; several with commas.",
    )
    @argument(
        "--after", type=duration, default=0.0, help="%%%%alert: only if the cell took longer: 30s, 10m."
    )
    @argument(
        "--every",
        type=interval,
        default=0.0,
        help="%%%%alert: while it runs, one message says so often how far it is: 10m.",
    )
    @argument("--topic", default="", help="What handlers subscribe to; without -c only they hear it.")
    @argument("--mention", action="append", default=[], help="Whom to notify, by id; may be repeated.")
    @argument("--info", type=expression, help="%%%%alert: INFO if this expression is true.")
    @argument("--warn", type=expression, help="%%%%alert: WARNING if it is.")
    @argument("--crit", type=expression, help="%%%%alert: CRITICAL if it is.")
    @argument("--no-code", action="store_true", help="%%%%alert: leave the code out.")
    @argument("--no-output", action="store_true", help="%%%%alert: leave result and output out.")
    @argument(
        "--no-redact", action="store_true", help="%%%%alert: also secrets, if your own settings allow it."
    )
    @argument("--no-images", action="store_true", help="%%%%alert: leave figures out.")
    @argument("text", nargs="*", help="%%alert: what to say; {expr} is filled in.")
    @line_cell_magic
    def alert(self, line: str, cell: str | None = None) -> None:
        """Send a line now (`%alert`), or the result or traceback of a cell at its end (`%%alert`).

        With `--every 10m` one message is kept up to date while the cell runs: how long it has run, and its
        last lines. That very message becomes the one of its end, whatever `--on` says; with `--after` it does
        not begin before that. Where a chat cannot edit, each is a message of its own.

        With `--on change` an end is told where its level is another than at the last run of this cell, or of
        this title: when it begins to fail, and when it has recovered. A first success is no change.

        Examples:
            %alert Training starts on {len(data)} rows
            %alert -c ops -l warning Disk is nearly full

            %%alert -c team -t "Nightly training"
            model.fit(data)

            %%alert --on failure --after 10m
            long_job()

            %%alert --every 10m
            for epoch in tqdm(range(100)): train(epoch)

            %%alert -t nightly --on failure,change
            load()

            %%alert --warn "loss > 0.5" --crit "loss > 0.9"
            loss = train()
        """
        if cell is not None:
            raise UsageError(
                "%%alert has to be the first line of the cell; after an upgrade: %reload_ext nbalert"
            )
        options = parsed(NbalertMagics.alert, line)
        if not options.text:
            raise UsageError("%alert: say something: %alert Training starts")
        from nbalert import alerting  # brings what only an alert needs

        try:
            alerting.say(options)
        except (NbalertError, OSError) as error:
            raise UsageError(f"%alert: {error}") from None

    # ---- %ask and %%ask

    @magic_arguments()
    @argument("question", nargs="+", help="What to ask; {expr} is filled in.")
    @argument("-c", "--channel", action="append", default=[], help="Where to ask; may be repeated.")
    @argument("--timeout", type=timeout, default=None, help="How long to wait: 90s, 10m, 2h, never.")
    @argument("--approvers", type=word_list, default=(), help="Who of those allowed may answer: A,B,group:G.")
    @argument("--need", type=int, default=1, help="How many have to approve, or to choose the same.")
    @argument("--approve", type=word_list, default=(), help="Words that mean yes: ship,go.")
    @argument("--reject", type=word_list, default=(), help="Words that mean no: stop,wait.")
    @argument("--choices", type=word_list, default=(), help="Instead of a yes, one of these: blue,green.")
    @argument("--input", choices=INPUTS, default="", help="Instead of a yes, a typed answer.")
    @argument(
        "--into", type=identifier, default=None, help="%%%%ask: a name that the decision gets, for the body."
    )
    @argument("--no-raise", action="store_true", help="Return a false Decision instead of raising.")
    @no_var_expand  # below a cell magic IPython would look names up in a frame of its own
    @line_cell_magic
    def ask(self, line: str, cell: str | None = None) -> Decision | None:
        """Ask in chat and wait. Raises NotApproved unless approved, so that Run All stops.

        `%%ask` shows the body of its cell in the question, and the body runs only when approved.

        Examples:
            %ask "Drop table users?" -c ops
            decision = %ask "Retrain on {len(data)} rows?" --no-raise
            where = %ask "Where to?" --choices staging,production

            %%ask "Deploy v7?" -c ops --timeout 2h --approvers U012AB3CD
            deploy(model)

            %%ask "Which one?" --choices blue,green --into chosen
            switch_to(chosen.answer)
        """
        from nbalert import cell_asking  # brings what only a question needs
        from nbalert.message import Source

        if cell is not None and "%%ask" not in self.watcher.current_source:
            raise UsageError(
                "%%ask has to be the first line of the cell; after an upgrade: %reload_ext nbalert"
            )
        words = []
        for word in line_words(line):  # no comprehension: that is a frame of its own before Python 3.12
            words.append(no_option(word, self._shell.var_expand(word, _USER_FRAME)))
        options = understood(NbalertMagics.ask, words)
        code = self.watcher.current_source if cell is None else cell
        source = Source(cell_number=cell_number(self._shell))
        # Of %%ask the body stands below: a false Decision would let it run.
        raises = cell is not None or not options.no_raise
        try:
            decision = cell_asking.ask(self._shell, options, code, source, self.watcher.at_end, raises=raises)
        except ValueError as error:
            raise UsageError(f"%ask: {error}") from None
        if options.into:
            self._shell.push({options.into: decision})
        return decision if cell is None else None

    # ---- %nbalert

    @magic_arguments()
    @argument("what", choices=_WHAT, help="What to do or show.")
    @argument(
        "words",
        nargs=argparse.REMAINDER,
        help="channels, auto, history: see above; test: NAME.",
    )
    @line_magic
    def nbalert(self, line: str) -> None:
        """Look after nbalert.

        `channels` lists the channels; with more words it adds, tries and removes them: `kinds [KIND]`,
        `add NAME KIND key=value…`, `test NAME`, `default NAME`, `remove NAME`. It writes your own settings,
        with `--project` those of the project. Secrets: env:NAME, file:PATH or keyring:SERVICE/NAME.

        `auto 60s [-c CHANNEL]… [--topic T] [--on always,failure,success,change]` tells of each cell
        that takes longer, or fails, without a magic; cells that ran in a row are one message. `auto off` ends
        it. A cell with a line `# nbalert: off` is left out.

        `route --topic T --level L --explain` says who would hear such an alert, and who not and why.

        `silence 1h` tells nothing for an hour, `silence 1h --alert GLOB` and `--topic GLOB` of these alone;
        questions are asked all the same. `silence off` ends it, and what was kept quiet is in the history.

        `history 50 --notebook this --since 1d -l CRITICAL -c team --state delivered` says what was sent, and
        what became of it. `history --failed` lists what did not arrive, and `retry` sends it again once its
        channel is mended.

        Examples:
            %nbalert inbox
            %nbalert config
            %nbalert channels add team slack channel=C0123456789 token=env:SLACK_BOT_TOKEN
            %nbalert test team
            %nbalert auto 60s -c team
            %nbalert silence 1h --topic nightly*
        """
        from nbalert import care  # brings what only looking needs

        options = parsed(NbalertMagics.nbalert, line)
        try:
            if options.what == "auto":
                self.auto.turn(options.words)
                return
            care.act(options.what, options.words)
        except (NbalertError, OSError, ValueError) as error:
            raise UsageError(f"%nbalert {options.what}: {error}") from None

    # ---- what the watcher calls

    def check(self, name: str, line: str) -> None:
        """Reject a wrong option before the cell runs."""
        options = parsed(getattr(NbalertMagics, name), line, "%%")
        if name == "alert" and options.text:
            raise UsageError(f"%%alert takes no text: write -t {' '.join(options.text)!r}")
        if name == "ask":
            _check_ask(options)

    def begun(self, recording: Recording) -> None:
        """An alerted cell starts, or any while auto mode is on."""
        from nbalert import alerting

        if self.farewell is None:
            from nbalert.farewell import farewell_for

            self.farewell = farewell_for(self.shell)
        self.auto.begun(recording)
        if not recording.is_auto:
            alerting.begin(recording, _options_of(recording.alert_line))

    def done(self, run: CellRun) -> None:
        """An alerted cell has ended, or any while auto mode is on."""
        from nbalert import alerting, process

        with process.client().held_back(self.watcher.after_reply.put):
            if not run.is_auto:
                alerting.tell(run, _options_of(run.alert_line), self._evaluate)
                alerting.welcome(self._shell)
            self.auto.done(run)


def _check_ask(options: argparse.Namespace) -> None:
    from nbalert.cell_asking import terms_of

    if options.no_raise:
        raise UsageError("%%ask has no --no-raise: its body must not run unless approved")
    try:
        terms_of(options)
    except ValueError as error:
        raise UsageError(f"%%ask: {error}") from None


def _options_of(line: str) -> argparse.Namespace:
    """A cell whose options are wrong has failed with that, and is told on the default channel."""
    try:
        return parsed(NbalertMagics.alert, line)
    except UsageError:
        return parsed(NbalertMagics.alert, "")
