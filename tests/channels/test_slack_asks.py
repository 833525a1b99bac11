from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nbalert.channels.slack import SlackChannel
from nbalert.errors import ChannelDenied, ChannelRefused
from nbalert.message import Message
from nbalert.policy import Reply
from nbalert.question import decide, is_answer, objection
from tests.channels.slack_asking import Asked, asking, do, message, opened
from tests.chat_servers import slack_rules
from tests.chat_servers.slack import APP_TOKEN, Slack
from tests.chat_servers.webhook import HANG, RESET, Answer, status
from tests.inboxes import question

PUSHED = {"app_token": APP_TOKEN, "recheck": 60.0}
READ: dict[str, Any] = {}
BOTH = pytest.mark.parametrize("values", [PUSHED, READ], ids=["pushed", "read"])


@pytest.fixture
def slack() -> Iterator[Slack]:
    """A workspace."""
    with Slack() as server:
        yield server


def ask(slack: Slack, work: Callable[[Asked], Awaitable[None]], values: Any, **options: Any) -> None:
    """Ask one question, and do something with it once answers are brought."""

    async def run() -> None:
        async with opened(slack, **values) as channel, asking(channel, slack, **options) as asked:
            if values.get("app_token"):
                await asked.connected()
            await work(asked)

    asyncio.run(run())


def test_a_click(slack: Slack) -> None:
    """A button brings its word, who clicked and when; the click is acknowledged in time."""

    async def work(asked: Asked) -> None:
        assert list(slack_rules.buttons(asked.said["blocks"])) == ["Approve", "Reject"]
        assert await do(slack.click, "UBOB", asked.said, "Approve")
        (reply,) = await asked.replies()
        assert (reply.person, reply.name, reply.text, reply.way) == ("UBOB", "Bob", "approve", "button")
        decision = decide(asked.question, [reply])
        assert decision
        assert decision.people == ("Bob (UBOB)",)

    ask(slack, work, PUSHED)


@BOTH
@pytest.mark.parametrize("way", ["reply", "reaction"])
def test_other_ways(slack: Slack, values: Any, way: str) -> None:
    """A reply in the thread and each of the two reactions decide, pushed or read."""

    async def work(asked: Asked) -> None:
        if way == "reply":
            await do(slack.say, "UBOB", "No: not on a Friday", asked.ts)
        else:
            await do(slack.react, "UBOB", asked.ts, "x")
        (reply,) = await asked.replies()
        decision = decide(asked.question, [reply])
        assert decision is not None
        assert decision.sentence.startswith("rejected by Bob (UBOB)")
        assert reply.way == way
        assert reply.at >= asked.receipt.posted_at

    ask(slack, work, values)


@BOTH
def test_what_does_not_count(slack: Slack, values: Any) -> None:
    """Strangers, bots, the asker, edits and talk are brought, and decide nothing; other places are not."""

    async def work(asked: Asked) -> None:
        other = await do(slack.say, "UCAROL", "Lunch?")
        for place in ("", other["ts"]):
            await do(slack.say, "UBOB", "approve", place)
        await do(slack.react, "UBOB", asked.ts, "thumbsup")
        await do(slack.react, "UBOB", other["ts"], "white_check_mark")
        await do(slack.say, "UMALLORY", "approve", asked.ts)
        await do(slack.say, "UANN", "approve", asked.ts)
        await do(lambda: slack.say("UROBOT", "approve", asked.ts, bot_id="BROBOT", subtype="bot_message"))
        await do(slack.say, "UROBOT", "approve", asked.ts)  # with a user's token: users.info knows it
        await do(slack.edit, await do(slack.say, "UBOB", "let me see", asked.ts), "approve")
        await do(slack.say, "UBOB", "yes, go ahead", asked.ts)
        await asked.until(lambda: any(reply.text == "yes, go ahead" for reply in asked.got))
        assert decide(asked.question, asked.got) is None
        meant = {(r.person, objection(asked.question, r)) for r in asked.got if is_answer(asked.question, r)}
        assert {(person, why.split(";")[0]) for person, why in meant} == {
            ("UMALLORY", "you are not an approver of this question"),
            ("UANN", "you are not an approver of this question"),
            ("UROBOT", "answers of bots do not count"),
            ("UBOB", "edited answers do not count"),
            ("UBOB", asked.question.policy.hint.split(";")[0]),
        }

    ask(slack, work, values)


def test_answers_given_before(slack: Slack) -> None:
    """Whoever listens anew gets what was answered meanwhile, once."""

    async def work() -> None:
        async with opened(slack, **PUSHED) as channel:
            async with asking(channel, slack) as first:
                await first.connected()
            await do(slack.say, "UBOB", "ok", first.ts)
            async with asking(channel, slack) as again:
                assert again.receipt.reference == first.receipt.reference
                await again.connected()
                assert [reply.text for reply in await again.replies()] == ["ok"]

    asyncio.run(work())


def test_an_emoji_can_be_a_word(slack: Slack) -> None:
    """Slack writes an emoji by its name, and the policy has the character."""

    async def work(asked: Asked) -> None:
        rich = {"type": "emoji", "name": "rocket", "unicode": "1f680"}
        blocks = [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [rich]}]}]
        await do(lambda: slack.say("UBOB", ":rocket:", asked.ts, blocks=blocks))
        assert [reply.text for reply in await asked.replies()] == ["🚀"]

    ask(slack, work, READ, approve=("🚀",))


def test_choices_and_typed_answers(slack: Slack) -> None:
    """Each choice is a button, Reject the last one; what is typed has Reject alone, and no reactions."""

    async def work(asked: Asked) -> None:
        assert list(slack_rules.buttons(asked.said["blocks"])) == ["blue", "green", "Reject"]
        assert "reactions" not in asked.said
        await do(slack.click, "UBOB", asked.said, "green")
        decision = decide(asked.question, await asked.replies())
        assert decision
        assert decision.answer == "green"

    ask(slack, work, PUSHED, choices=("blue", "green"))

    async def typed(asked: Asked) -> None:
        assert list(slack_rules.buttons(asked.said["blocks"])) == ["Reject"]
        await do(slack.say, "UBOB", "42", asked.ts)
        decision = decide(asked.question, await asked.replies())
        assert decision
        assert decision.answer == 42

    ask(slack, typed, PUSHED, text="How many?", input="int")


def test_two_asks_at_once(slack: Slack) -> None:
    """One socket for both; one answer settles one."""

    async def work() -> None:
        async with (
            opened(slack, **PUSHED) as channel,
            opened(slack, **PUSHED) as of_another_project,
            asking(channel, slack, "Drop?") as drop,
            asking(of_another_project, slack, "Deploy?") as deploy,
        ):
            await drop.connected()
            await deploy.connected()
            assert await do(slack.click, "UBOB", deploy.said, "Approve")
            await do(slack.say, "UBOB", "no", drop.ts)
            assert [r.text for r in await deploy.replies()] == ["approve"]
            assert [r.text for r in await drop.replies()] == ["no"]
            assert len(slack.push.links) == 1
        await do(slack.push.wait_for_links, 0)

    asyncio.run(work())


def test_nothing_is_asked_of_slack_while_it_pushes(slack: Slack) -> None:
    """An ask that waits makes no request, and status has nothing to say of it."""

    async def work(asked: Asked) -> None:
        await asked.until(lambda: len(slack.made("reactions.get")) == 2)  # at first, and when it was up
        before = len(slack.calls)
        await asyncio.sleep(1)
        assert len(slack.calls) == before
        assert asked.channel.note == ""

    ask(slack, work, PUSHED)


def test_a_decision(slack: Slack) -> None:
    """It stands in the message, whose buttons go; the asker is mentioned in the thread, once."""

    async def work(asked: Asked) -> None:
        for _ in range(2):
            await asked.end()
        shown = slack_rules.shown(asked.said["blocks"])
        assert "❌ rejected by UBOB" in shown
        assert "db.drop()" in shown
        assert slack_rules.buttons(asked.said["blocks"]) == {}
        assert "edited" not in asked.said
        (told,) = slack.thread(asked.ts)
        assert told["notified"] == ["@UANN"]

    ask(slack, work, PUSHED)


def test_a_late_click(slack: Slack) -> None:
    """It is brought while the courier listens on; after that whoever clicks is told, and nothing is deaf."""

    async def work(asked: Asked) -> None:
        said = dict(asked.said)
        await asked.end()
        await do(slack.click, "UCAROL", said, "Approve")
        assert [reply.person for reply in await asked.replies()] == ["UCAROL"]

    ask(slack, work, PUSHED)

    async def after() -> None:
        async with opened(slack, **PUSHED) as channel, asking(channel, slack, "Another?") as other:
            await other.connected()
            async with asking(channel, slack, "Ended?") as ended:
                await ended.connected()
                said = dict(ended.said)
            await do(slack.click, "UCAROL", said, "Approve")
            await other.until(lambda: slack.ephemerals)
            assert "has ended" in slack.ephemerals[-1]["text"]
            assert channel.note == ""

    asyncio.run(after())


def test_a_click_that_is_too_early(slack: Slack) -> None:
    """Somebody clicks before the courier listens to that question: the click waits for it."""

    async def work() -> None:
        async with opened(slack, **PUSHED) as channel, asking(channel, slack, "First?") as first:
            await first.connected()
            asked = question("Early?", approvers=("UBOB",))
            receipt = await channel.post(message(asked), "early")
            said = await do(slack.question, "Early?")
            assert await do(slack.click, "UBOB", said, "Approve")
            async with aclosing(channel.replies(asked, receipt)) as replies:
                assert (await anext(replies)).person == "UBOB"
            assert first.got == []
            assert channel.note == ""

    asyncio.run(work())


def test_respond(slack: Slack) -> None:
    """One person alone is told: after a reply in the thread, after a click beside it; a bot in the thread."""

    async def work(asked: Asked) -> None:
        for way in ("reply", "button"):
            reply = Reply(reference="r", person="UMALLORY", text="ok", at=datetime.now(UTC), way=way)
            await asked.channel.respond(asked.receipt, reply, "<!here> may not")
        robot = Reply(reference="r", person="UROBOT", text="ok", at=datetime.now(UTC), is_bot=True)
        await asked.channel.respond(asked.receipt, robot, "no")
        assert [said["text"] for said in slack.thread(asked.ts)] == ["no"]
        assert [(said["user"], said.get("thread_ts", "")) for said in slack.ephemerals] == [
            ("UMALLORY", asked.ts),
            ("UMALLORY", ""),
        ]
        assert slack.ephemerals[0]["text"] == "&lt;!here&gt; may not"

    ask(slack, work, READ)


def test_remind(slack: Slack) -> None:
    """In the thread, with those mentioned who can answer; tried again it is one."""

    async def work(asked: Asked) -> None:
        reminder = Message(title="10 min left", mention=("UBOB", "UCAROL"))
        for _ in range(2):
            await asked.channel.remind(asked.receipt, reminder, "remind-key")
        (said,) = slack.thread(asked.ts)
        assert said["notified"] == ["@UBOB", "@UCAROL"]
        assert "10 min left" in slack_rules.shown(said["blocks"])

    ask(slack, work, READ)


def test_without_an_app_token(slack: Slack) -> None:
    """No buttons, the hint says how to answer, status says why it is slow."""

    async def work(asked: Asked) -> None:
        shown = slack_rules.shown(asked.said["blocks"])
        assert slack_rules.buttons(asked.said["blocks"]) == {}
        assert "Reply approve, lgtm, ok or yes to approve" in shown
        assert "react with ✅ or ❌" in shown
        assert [one["name"] for one in asked.said["reactions"]] == ["white_check_mark", "x"]
        await asked.until(lambda: "without app_token" in asked.channel.note)
        assert "xapp" not in asked.channel.note

    ask(slack, work, READ)


def test_one_budget_for_all_asks(slack: Slack) -> None:
    """However many ask, what a token reads keeps to one pace."""

    async def work() -> None:
        async with (
            opened(slack) as channel,
            opened(slack) as another,
            asking(channel, slack, "One?") as one,
            asking(channel, slack, "Two?") as two,
            asking(another, slack, "Three?") as three,
        ):
            began = asyncio.get_running_loop().time()
            before = len(slack.made("conversations.replies"))
            for asked in (one, two, three):
                await do(slack.say, "UBOB", "ok", asked.ts)
            for asked in (one, two, three):
                await asked.replies()
            await one.until(lambda: len(slack.made("conversations.replies")) > before + 10)
            made = len(slack.made("conversations.replies")) - before
            assert made <= 2 + (asyncio.get_running_loop().time() - began) / 0.2

    asyncio.run(work())


def test_an_app_of_the_slow_tier(slack: Slack) -> None:
    """Slack allows one look a minute: that is kept to, said in status, and the question stays open."""

    async def work(asked: Asked) -> None:
        slack.limit("conversations.replies", 60)
        await asked.until(lambda: "1 min" in asked.channel.note)
        before = len(slack.calls)
        await asyncio.sleep(1)
        assert len(slack.calls) == before

    ask(slack, work, READ)


@pytest.mark.parametrize(
    "trouble",
    [
        [status(429, Retry_After="0.3")],
        [status(500), status(500)],
        [RESET, RESET],
        [Answer(body=b"<html>Bad gateway</html>")],
        [Answer(502, body=b"<html>Bad gateway</html>")],
        [Answer(body=b'{"ok":false,"error":"internal_error"}')],
        [HANG],
    ],
    ids=["429", "500 twice", "reset twice", "malformed", "502", "internal", "hang"],
)
def test_trouble_while_an_ask_waits(slack: Slack, trouble: list[Answer]) -> None:
    """It is no answer: the question stays open, and the answer that comes after it counts."""

    async def work(asked: Asked) -> None:
        slack.plan("conversations.replies", *trouble)
        await asked.until(lambda: not slack._planned["conversations.replies"])
        assert asked.got == []
        await do(slack.say, "UBOB", "ok", asked.ts)
        assert decide(asked.question, await asked.replies())

    ask(slack, work, {"timeout_s": 0.5})


def test_what_cannot_be_read(slack: Slack) -> None:
    """Without the right to read replies an ask ends with the reason; where clicks are pushed it goes on."""
    slack.scopes.remove("channels:history")

    async def work() -> None:
        async with opened(slack) as channel:
            asked = question(approvers=("UBOB",))
            receipt = await channel.post(message(asked), "key")
            with pytest.raises(ChannelDenied, match="channels:history"):
                async for _ in channel.replies(asked, receipt):
                    pass

    asyncio.run(work())

    async def pushed(asked: Asked) -> None:
        await do(slack.click, "UBOB", asked.said, "Reject")
        assert [reply.text for reply in await asked.replies()] == ["decline"]

    ask(slack, pushed, PUSHED, text="Pushed?")


def test_code_that_is_too_long(slack: Slack) -> None:
    """It goes along whole as a file; the buttons come after it."""
    code = "\n".join(f"step({n})" for n in range(3000))

    async def work(asked: Asked) -> None:
        methods = [name for name, _ in slack.calls]
        assert methods.index("files.completeUploadExternal") < methods.index("chat.update")
        posted = slack.made("chat.postMessage")[0]
        assert slack_rules.buttons(posted["blocks"]) == {}
        assert list(slack_rules.buttons(asked.said["blocks"])) == ["Approve", "Reject"]
        assert "characters cut" in slack_rules.shown(asked.said["blocks"])
        (file,) = slack.files.values()
        assert (file["name"], file["data"].decode()) == ("cell.py", code)

    ask(slack, work, PUSHED, code=code)


def test_code_that_cannot_be_shown_whole(slack: Slack) -> None:
    """There is no question: the reason is told, and the chat says that it was not asked."""
    slack.scopes.remove("files:write")

    async def work() -> None:
        async with opened(slack, **PUSHED) as channel:
            asked = question(approvers=("UBOB",), code="x = 1\n" * 5000)
            with pytest.raises(ChannelRefused, match="files:write"):
                await channel.post(message(asked), "key")
        (said,) = slack.top()
        assert "Not asked" in slack_rules.shown(said["blocks"])
        assert slack_rules.buttons(said["blocks"]) == {}

    asyncio.run(work())


def test_times_are_those_of_slack(slack: Slack) -> None:
    """Its clock is ahead: receipt and answer have its time, so that the courier can tell by how much."""
    slack._ts += 3600

    async def work(asked: Asked) -> None:
        await do(slack.say, "UBOB", "ok", asked.ts)
        (reply,) = await asked.replies()
        assert asked.receipt.posted_at > datetime.now(UTC) + timedelta(minutes=50)
        assert reply.at > asked.receipt.posted_at

    ask(slack, work, PUSHED)


def test_the_channel_listens(slack: Slack) -> None:
    """The class says that it can bring answers."""
    assert SlackChannel.can_reply
