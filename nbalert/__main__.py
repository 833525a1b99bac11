"""The `nbalert` command: its words, and its exit status."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from nbalert import __version__, channels_command, command_actions, history_command, route_command
from nbalert.command_actions import EXIT_OF, USAGE
from nbalert.endings import TELLS
from nbalert.errors import AskError, NbalertError, NotApproved
from nbalert.nearest import with_nearest
from nbalert.option_types import duration, interval, timeout, which_ends, word_list
from nbalert.policy import INPUTS
from nbalert.question import Outcome


class _Parser(argparse.ArgumentParser):
    """One that names the nearest word, also for the commands within it."""

    def error(self, message: str) -> NoReturn:
        super().error(with_nearest(message, self.format_help()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except NotApproved as error:
        print(f"nbalert: {error}", file=sys.stderr)
        return EXIT_OF[error.decision.outcome]
    except (NbalertError, OSError, ValueError) as error:
        print(f"nbalert: {error}", file=sys.stderr)
        return EXIT_OF[Outcome.ERROR] if isinstance(error, AskError) else USAGE
    except KeyboardInterrupt:
        return EXIT_OF[Outcome.CANCELLED]


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="nbalert", description="Alerts and approvals for Jupyter.")
    parser.add_argument("--version", action="version", version=f"nbalert {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_post(commands)
    _add_ask(commands)
    _add_run(commands)
    _add_inbox(commands)
    one = commands.add_parser("demo", help="run the quickstart notebook on an inbox of its own")
    one.add_argument("--auto", action="store_true", help="let a scripted teammate answer")
    one.set_defaults(run=command_actions.demo)
    one = commands.add_parser("channels", help="list, add, remove and test channels; list the kinds")
    channels_command.add_actions(one)
    one = commands.add_parser(
        "route", help="who would hear an alert, and why", description=route_command.ABOUT
    )
    route_command.add_options(one)
    one = commands.add_parser("courier", help="be the courier, in the foreground")
    one.add_argument("--detached", action="store_true", help=argparse.SUPPRESS)
    one.add_argument("--once", action="store_true", help="send what is due, and end: for cron")
    one.set_defaults(run=command_actions.courier)
    one = commands.add_parser("stop", help="end the courier in the background")
    one.set_defaults(run=command_actions.stop)
    one = commands.add_parser("status", help="who is on the line, what waits, and why")
    one.set_defaults(run=command_actions.status)
    one = commands.add_parser("silence", help="tell nothing for a while; questions are asked all the same")
    one.add_argument("words", nargs=argparse.REMAINDER, help="1h; 1h --alert GLOB; 1h --topic GLOB; off")
    one.set_defaults(run=command_actions.silence)
    one = commands.add_parser("history", help="what was sent, and what became of it")
    history_command.add_options(one)
    what = one.add_mutually_exclusive_group()
    what.add_argument("--verify", action="store_true", help="check the audit trail; exit status 1 if changed")
    what.add_argument("--json", action="store_true", help="export audit trail and deliveries")
    one.set_defaults(run=command_actions.history)
    one = commands.add_parser("retry", help="send again what was given up, once its channel is mended")
    one.add_argument("message", nargs="*", help="ids, as history --failed shows them; all if left out")
    one.set_defaults(run=command_actions.retry)
    return parser


def _add_post(commands: argparse._SubParsersAction[_Parser]) -> None:
    one = commands.add_parser("post", help="say something now")
    one.add_argument("text", nargs="*", help="what to say; standard input if left out")
    one.add_argument("-c", "--channel", action="append", help="where to; may be repeated")
    one.add_argument("-t", "--title", default="", help="first line")
    one.add_argument("-l", "--level", default="INFO", help="OK, INFO, WARNING or CRITICAL")
    one.add_argument("--topic", default="", help="what handlers subscribe to; without -c only they hear it")
    one.add_argument("--mention", action="append", default=[], help="whom to notify, by id; may be repeated")
    one.add_argument("--target", default="", help="where else than the settings say: an id of the service")
    one.add_argument("--wait", type=duration, help="how long to wait for its delivery (exit_wait, or 30s)")
    one.set_defaults(run=command_actions.post)


def _add_ask(commands: argparse._SubParsersAction[_Parser]) -> None:
    one = commands.add_parser(
        "ask",
        help="ask and wait",
        description="Exit status: 0 approved, 1 rejected, 2 usage, 3 expired, 4 cancelled, 5 error."
        " Standard output has the answer to choices or input, else how it was decided.",
    )
    one.add_argument("question", nargs="+", help="what to ask")
    one.add_argument("-c", "--channel", action="append", help="where to ask; may be repeated")
    one.add_argument("--timeout", type=timeout, help="how long to wait: 90s, 10m, 2h, never")
    one.add_argument("--approvers", type=word_list, default=(), help="who of those allowed: A,B,group:G")
    one.add_argument("--need", type=int, default=1, help="how many have to approve, or to choose the same")
    one.add_argument(
        "--choices", type=word_list, default=(), help="instead of a yes, one of these: blue,green"
    )
    one.add_argument("--input", choices=INPUTS, default="", help="instead of a yes, a typed answer")
    one.set_defaults(run=command_actions.ask)


def _add_run(commands: argparse._SubParsersAction[_Parser]) -> None:
    one = commands.add_parser(
        "run",
        help="run a command, and tell how it has ended",
        description="Its output streams on, and its exit status is ours: nbalert run -c team -- make train",
    )
    one.add_argument("-c", "--channel", action="append", help="where to; may be repeated")
    one.add_argument("-t", "--title", default="", help="what it is; the command's name if left out")
    one.add_argument(
        "--on", type=which_ends, default="always", help=f"which ends: {', '.join(TELLS)}, or several"
    )
    one.add_argument("--after", type=duration, default=0.0, help="only if it took longer: 30s, 10m")
    one.add_argument("--every", type=interval, default=0.0, help="tell so often how far it is: 10m")
    one.add_argument("--topic", default="", help="what handlers subscribe to; without -c only they hear it")
    one.add_argument("command", nargs="+", metavar="COMMAND", help="and its arguments, after --")
    one.set_defaults(run=command_actions.run)


def _add_inbox(commands: argparse._SubParsersAction[_Parser]) -> None:
    one = commands.add_parser("inbox", help="serve an inbox for a team; invite people; link couriers")
    one.add_argument(
        "what",
        nargs="?",
        choices=["serve", "invite", "sender", "revoke", "link"],
        default="serve",
        help="what to do",
    )
    one.add_argument("name", nargs="?", help="invite, revoke: a person; sender: a courier")
    one.add_argument("--database", type=Path, help="the inbox's file (team-inbox.db in nbalert's home)")
    one.add_argument(
        "--host", default="127.0.0.1", help="where to listen; beyond loopback only with TLS or a proxy"
    )
    one.add_argument("--port", type=int, default=0, help="a free one if left out")
    one.add_argument("--tls-cert", type=Path, help="certificate chain, PEM")
    one.add_argument("--tls-key", type=Path, help="its key, PEM")
    one.add_argument("--public-url", default="", help="where people reach it through a reverse proxy")
    one.add_argument(
        "--valid", type=duration, default=7 * 86400.0, help="how long an invitation is good (7d)"
    )
    one.set_defaults(run=command_actions.inbox)


if __name__ == "__main__":
    sys.exit(main())
