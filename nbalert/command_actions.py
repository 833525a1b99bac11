"""What each command of `nbalert` does with its options; what it needs is imported when it is done."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import suppress
from pathlib import Path

from nbalert.errors import CourierError
from nbalert.question import Outcome

EXIT_OF = {
    Outcome.APPROVED: 0,
    Outcome.REJECTED: 1,
    Outcome.EXPIRED: 3,
    Outcome.CANCELLED: 4,
    Outcome.ERROR: 5,
}
LOOKED_AT = 50
"""Of so many messages, the newest, the command finds its own."""
FAILED = 1
USAGE = 2


def post(options: argparse.Namespace) -> int:
    """Say something now, and wait a while for its delivery."""
    from nbalert import posting
    from nbalert.process import client, exit_wait_s, finish

    text = " ".join(options.text) if options.text else sys.stdin.read()
    posted = posting.post(
        text,
        channel=options.channel or None,
        title=options.title,
        level=options.level,
        topic=options.topic,
        target=options.target,
        mention=options.mention,
    )
    try:
        posted.wait(exit_wait_s(client()) if options.wait is None else options.wait)
    except TimeoutError:
        print(f"nbalert: accepted, still on its way (id {posted.id})", file=sys.stderr)
        finish(wait_s=0.0)  # it has been waited for
    else:
        _say_kept_back(posted.id)
    return 0


def _say_kept_back(message: str) -> None:
    """One line a channel that is not told of it for now: who posts by hand would look for it there."""
    from nbalert.process import client
    from nbalert.show import kept_back_lines

    with suppress(CourierError):  # it is accepted, and that is what was asked for
        rows = client().request({"do": "history", "limit": LOOKED_AT, "state": "quiet"})
        mine = [row for row in rows if row["id"] == message]
        for line in kept_back_lines(mine, client().request({"do": "status"})):
            print(line)


def ask(options: argparse.Namespace) -> int:
    """Ask, wait, and print what was decided."""
    from nbalert import asking
    from nbalert.ending import sigterm_as_interrupt

    with sigterm_as_interrupt():
        decision = asking.ask(
            " ".join(options.question),
            channel=options.channel,
            timeout=options.timeout,
            approvers=options.approvers,
            need=options.need,
            choices=options.choices,
            input=options.input,
        )
    print(decision.sentence if decision.answer is None else decision.answer)
    return EXIT_OF[decision.outcome]


def run(options: argparse.Namespace) -> int:
    """Run a command, and tell how it has ended."""
    from nbalert import running

    return running.run(options)


def status(options: argparse.Namespace) -> None:
    """Print who is on the line, what waits, and why."""
    from nbalert.process import client
    from nbalert.show import status_text

    print(status_text(client().request({"do": "status"})))


def history(options: argparse.Namespace) -> int:
    """Print the messages, or check the record of questions."""
    from nbalert.history import exported, faults
    from nbalert.history_command import text
    from nbalert.process import client

    if options.json:
        print(json.dumps(exported(client()), indent=2))
    elif options.verify:
        return _verify(faults(client()))
    else:
        print(text(options))
    return 0


def retry(options: argparse.Namespace) -> None:
    """Send again what was given up."""
    from nbalert.history import retry_shown
    from nbalert.process import client

    retry_shown(client(), options.message)


def _verify(found: list[str]) -> int:
    """Say what is wrong with the record of all questions; the exit status."""
    print("\n".join(found) or "the audit trail is whole, and the ledger is what it says")
    return FAILED if found else 0


def courier(options: argparse.Namespace) -> int:
    """Be the courier."""
    from nbalert.courier import detached
    from nbalert.home import Home

    home = Home.find()
    if options.once:
        from nbalert.courier.project import Project
        from nbalert.settings import load

        return detached.run_once(home, Project.of(load(Path.cwd(), home)))
    return detached.run(home, is_detached=options.detached)


def silence(options: argparse.Namespace) -> None:
    """Begin, end or show silences."""
    from nbalert import silence_command

    silence_command.run_words(options.words)


def stop(options: argparse.Namespace) -> None:
    """End the courier in the background."""
    from nbalert.dismissal import stop_courier
    from nbalert.home import Home

    print(stop_courier(Home.find()))


def demo(options: argparse.Namespace) -> int:
    """Run the quickstart notebook on an inbox of its own."""
    from nbalert.demo import run

    return run(is_auto=options.auto or not sys.stdin.isatty())


def inbox(options: argparse.Namespace) -> None:
    """Serve an inbox for a team, and look after it."""
    from nbalert import inbox_command

    inbox_command.run(options)
