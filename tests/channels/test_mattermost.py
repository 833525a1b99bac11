"""What a Mattermost bot does beside the contract: files, once and where it posts, what it says to whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from nbalert import channels
from nbalert.channels.base import Channel
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelRefused, ChannelUnreachable
from nbalert.message import Image, Level, Message, Source
from nbalert.policy import Reply
from nbalert.question import Decision, Outcome, sha256_of
from tests.channels.using import with_channel
from tests.chat_servers import mattermost_world as world
from tests.chat_servers.mattermost import ANN, BOB, BOT, CAROL, ROBOT, Mattermost
from tests.chat_servers.mattermost_rules import Limits
from tests.chat_servers.mattermost_world import World
from tests.chat_servers.webhook import LOST, status
from tests.inboxes import question

LONG = "".join(f"x{n} = {n}\n" for n in range(1500))


@pytest.fixture
def mattermost() -> Iterator[Mattermost]:
    """A server of our own."""
    with Mattermost() as server:
        yield server
        assert server.rest.faults == []


def use(mattermost: Mattermost, work: Callable[[Channel], Awaitable[Any]], **values: Any) -> None:
    """Do something with a channel."""
    with_channel({**mattermost.values, **values}, work)


def test_an_alert(mattermost: Mattermost) -> None:
    """Title, an attachment in the colour of its level with fields and the way back, and long texts whole."""
    source = Source(notebook="train.ipynb", cell_number=3, user="ann", host="gpu1", link="https://hub/lab")
    message = Message(
        title="train failed",
        level=Level.CRITICAL,
        traceback="ValueError: no rows",
        whole_traceback=f"{LONG}ValueError: no rows",
        metadata={"loss": 0.5, "note": "a longer text that does not stand beside another one"},
        source=source,
        duration_s=62,
    )

    async def work(channel: Channel) -> None:
        receipt = await channel.post(message, "key")
        assert receipt.link == f"{mattermost.url}/_redirect/pl/{receipt.reference.partition('/')[2]}"

    use(mattermost, work)
    (post,) = mattermost.posts
    (shown,) = post["props"]["attachments"]
    assert post["message"] == "**train failed**"
    assert (shown["color"], shown["author_link"]) == ("#e74c3c", "https://hub/lab")
    assert shown["author_name"] == "train.ipynb, cell 3 · ann@gpu1 · 1 min 2 s"
    assert [(one["title"], one["short"]) for one in shown["fields"]] == [("loss", True), ("note", False)]
    (file,) = (mattermost.kept.files[id_] for id_ in post["file_ids"])
    assert file == ("traceback.txt", message.whole_traceback.encode())


def test_figures_that_one_post_does_not_take(mattermost: Mattermost) -> None:
    """Ten go along with it, the others into its thread; a second try changes nothing."""
    images = tuple(Image(bytes([n]), name=f"{n}.png") for n in range(23))

    async def work(channel: Channel) -> None:
        for _ in range(2):
            await channel.post(Message(title="figures", images=images), "key")

    use(mattermost, work)
    (post,) = mattermost.posts
    said = [post, *mattermost.thread(post["id"])]
    assert [len(one["file_ids"]) for one in said] == [10, 10, 3]
    names = [mattermost.kept.files[id_][0] for one in said for id_ in one["file_ids"]]
    assert names == [image.name for image in images]


@pytest.mark.parametrize("pending_s", [30.0, 0.0], ids=["remembered", "forgotten"])
def test_a_post_whose_answer_is_lost(pending_s: float, mattermost: Mattermost) -> None:
    """The key is in the service's memory for a while, and for good in the post; nobody else's post has it."""
    mattermost.kept.pending_s = pending_s
    mattermost.say(CAROL, "mine", props={"nbalert_key": "key"})

    async def work(channel: Channel) -> None:
        await channel.post(Message(title="first"), "first")
        message = Message(title="once")
        mattermost.http.plan(LOST)
        with pytest.raises(ChannelUnreachable):
            await channel.post(message, "key")
        receipt = await channel.post(message, "key")
        assert receipt.reference.endswith(mattermost.posts[-1]["id"])

    use(mattermost, work)
    assert [post["message"] for post in mattermost.posts] == ["mine", "**first**", "**once**"]


def test_long_code_is_asked_about_only_where_it_can_be_seen(mattermost: Mattermost) -> None:
    """It goes along as a file; where files are refused nobody is asked, and an alert says what is missing."""
    asked = question("Run?", code=LONG, code_sha256=sha256_of(LONG), approvers=(BOB,))
    message = Message(title="Run?", question=asked)

    async def work(channel: Channel) -> None:
        await channel.post(message, "key")
        post = mattermost.question()
        assert mattermost.kept.files[post["file_ids"][0]] == ("code.py", LONG.encode())
        assert "The whole code is in code.py" in post["props"]["attachments"][0]["text"]
        mattermost.kept.may_upload = False
        with pytest.raises(ChannelRefused, match=r"403.*cannot be shown whole, so nobody is asked"):
            await channel.post(message, "again")
        await channel.post(Message(title="figure", images=(Image(b"1"),)), "figure")

    use(mattermost, work)
    assert len(mattermost.posts) == 2
    assert (
        "Not attached: team: Mattermost answered 403"
        in mattermost.posts[1]["props"]["attachments"][0]["text"]
    )


def test_where_it_posts(mattermost: Mattermost) -> None:
    """An id, or team and name, which is looked up once; a message's own place before that of the settings."""

    async def work(channel: Channel) -> None:
        await channel.post(Message(title="one"), "1")
        await channel.post(Message(title="two"), "2")
        await channel.post(Message(title="three", target=world.OTHER_CHANNEL), "3")
        for target in ("team/nowhere", "nobody/ops", "ops"):
            with pytest.raises(ChannelRefused, match=r"TEAM/NAME|no such channel") as caught:
                await channel.post(Message(title="t", target=target), target)
            assert not isinstance(caught.value, ChannelDenied)  # or what comes after it would wait
        mattermost.kept.is_member = False
        with pytest.raises(ChannelDenied, match="add it to the team and to the channel"):
            await channel.post(Message(title="t"), "4")

    use(mattermost, work, channel="team/ops")
    places = [post["channel_id"] for post in mattermost.posts]
    assert places == [world.CHANNEL, world.CHANNEL, world.OTHER_CHANNEL]
    looked_up = [r.path for r in mattermost.http.requests if r.path.endswith("/team/channels/name/ops")]
    assert len(looked_up) == 1


def test_whom_it_notifies(mattermost: Mattermost) -> None:
    """Whom the message mentions on purpose; no other mention in any part of it, in code or beside it."""
    loud = "@channel @all: (@here) _@bob_ @carol. <!channel> &#64;bob https://@carol https://x/&commat;all"

    async def work(channel: Channel) -> None:
        quiet = Message(title=loud, text=f"{loud}\n\n    {loud}", code=f"```\n{loud}", metadata={loud: loud})
        await channel.post(quiet, "quiet")
        await channel.post(Message(title="x", mention=(BOB, "nobody")), "loud")
        message = Message(title=loud, question=question(loud, code=loud, approvers=(BOB,)))
        await channel.post(message, "question")

    use(mattermost, work)
    assert [mattermost.kept.pinged[post["id"]] for post in mattermost.posts] == [[], [BOB], []]


def test_a_decision(mattermost: Mattermost) -> None:
    """Stands in the question, whose reactions go while those of people stay; the asker is told, once."""

    async def work(channel: Channel) -> None:
        one = question(approvers=(BOB,), asker=ANN)
        message = Message(title="?", question=one)
        receipt = await channel.post(message, "key")
        post = mattermost.question()
        mattermost.react(BOB, post["id"], "x")
        decision = Decision(
            question_id=one.id,
            outcome=Outcome.REJECTED,
            decided_at=datetime.now(UTC),
            by=(BOB,),
            names=("Bob",),
        )
        for _ in range(2):
            await channel.update(receipt, replace(message, decision=decision))

    use(mattermost, work)
    (post,) = mattermost.posts
    (told,) = mattermost.thread(post["id"])
    assert "rejected by Bob" in post["message"]
    assert post["props"]["nbalert_key"] == "key"
    assert [one["user_id"] for one in mattermost.kept.reactions] == [BOB]
    assert mattermost.kept.pinged[told["id"]] == [ANN]


def test_a_post_too_old_to_be_edited(mattermost: Mattermost) -> None:
    """Its thread says how the question ended."""
    mattermost.kept.edit_limit_s = 0

    async def work(channel: Channel) -> None:
        one = question(approvers=(BOB,))
        message = Message(title="?", question=one)
        receipt = await channel.post(message, "key")
        decision = Decision(question_id=one.id, outcome=Outcome.EXPIRED, decided_at=datetime.now(UTC))
        await channel.update(receipt, replace(message, decision=decision))

    use(mattermost, work)
    (told,) = mattermost.thread(mattermost.posts[0]["id"])
    assert "expired" in told["message"]


@pytest.mark.parametrize("may_whisper", [True, False])
def test_a_word_to_one_person(may_whisper: bool, mattermost: Mattermost) -> None:
    """Privately with the right for it; else in the thread with a mention, and without trying again."""
    mattermost.kept.may_whisper = may_whisper

    async def work(channel: Channel) -> None:
        receipt = await channel.post(Message(title="?", question=question(approvers=(BOB,))), "key")
        for n, person in enumerate((CAROL, CAROL, ROBOT)):
            reply = Reply(
                reference=f"post:{n}", person=person, text="yes", at=datetime.now(UTC), is_bot=person == ROBOT
            )
            await channel.respond(receipt, reply, "it does not count.")

    use(mattermost, work)
    said = [mattermost.kept.pinged[post["id"]] for post in mattermost.thread(mattermost.posts[0]["id"])]
    assert said == ([[ROBOT]] if may_whisper else [[CAROL], [CAROL], [ROBOT]])
    assert [person for person, _ in mattermost.kept.whispers] == ([CAROL, CAROL] if may_whisper else [])
    tried = [r for r in mattermost.http.requests if r.path.endswith("/posts/ephemeral")]
    assert len(tried) == (2 if may_whisper else 1)


def test_a_reminder(mattermost: Mattermost) -> None:
    """In the question's thread, with its mentions, once a key."""

    async def work(channel: Channel) -> None:
        receipt = await channel.post(Message(title="?", question=question(approvers=(BOB,))), "key")
        for _ in range(2):
            await channel.remind(receipt, Message(title="10 minutes left", mention=(BOB, CAROL)), "reminder")

    use(mattermost, work)
    (said,) = mattermost.thread(mattermost.posts[0]["id"])
    assert mattermost.kept.pinged[said["id"]] == [BOB, CAROL]


def test_native_parts(mattermost: Mattermost) -> None:
    """They take the place of ours; what will run is shown by us all the same."""
    native = {"mattermost": {"message": "#### Deploy", "attachments": [{"text": "see [here](https://a.b)"}]}}

    async def work(channel: Channel) -> None:
        asked = question("Deploy?", code="deploy()", approvers=(BOB,))
        await channel.post(Message(title="Deploy?", native=native, question=asked), "key")

    use(mattermost, work)
    (post,) = mattermost.posts
    own, ours = post["props"]["attachments"]
    assert (post["message"], own["text"]) == ("#### Deploy", "see [here](https://a.b)")
    assert "deploy()" in ours["text"]


def test_the_priority_of_critical_alerts(mattermost: Mattermost) -> None:
    """As the settings say; of critical ones alone."""

    async def work(channel: Channel) -> None:
        for level in (Level.WARNING, Level.CRITICAL):
            await channel.post(Message(title="t", level=level), level.name)

    use(mattermost, work, priority="urgent")
    assert [post["metadata"] for post in mattermost.posts] == [{}, {"priority": {"priority": "urgent"}}]


@pytest.mark.parametrize("epoch", [False, True], ids=["seconds", "time"])
def test_the_rate_limit(epoch: bool) -> None:
    """How long to wait stands in one of two headers, in seconds or as a time; nobody asks before that."""
    with Mattermost(limits=Limits(per_s=0.1, burst=0, epoch=epoch)) as mattermost:

        async def work(channel: Channel) -> None:
            mattermost.rest.limits.count()
            for _ in range(2):
                with pytest.raises(ChannelBusy) as caught:
                    await channel.post(Message(title="t"), "key")
                assert caught.value.retry_after_s is not None
                assert 5 < caught.value.retry_after_s <= 11

        use(mattermost, work)
        assert mattermost.rest.limits.hits == 1


@pytest.mark.parametrize(
    ("kept", "says"),
    [
        (World(), ""),
        (World(token="another"), "the token is not valid; make another one at Integrations, Bot Accounts"),
        (World(is_member=False), "the bot is not in ~Ops: write /invite @nbalert there"),
        (World(is_archived=True), "~Ops is archived"),
    ],
    ids=["nothing", "token", "member", "archived"],
)
def test_problems(kept: World, says: str) -> None:
    """Each is a line that says what to do; nothing is posted."""
    with Mattermost(kept) as mattermost:

        async def work(channel: Channel) -> None:
            lines = await channel.problems()
            assert len(lines) == (1 if says else 0)
            assert says in "".join(lines)

        use(mattermost, work, token="bot-token-secret")
        assert mattermost.posts == []


def test_addresses() -> None:
    """One that is none is refused when settings are loaded; the API's own path may stand in it."""
    values = {"kind": "mattermost", "token": "t", "channel": "a/b"}
    with pytest.raises(ValueError, match=r"https://chat\.example\.org"):
        channels.build("team", {**values, "url": "chat.example.org"})
    checked = channels.build("team", {**values, "url": "https://chat.example.org/sub/api/v4/"}).settings
    assert checked.model_dump()["url"] == "https://chat.example.org/sub"


def test_another_service_at_that_address(mattermost: Mattermost) -> None:
    """It is no refusal: something in between may answer for a while."""
    mattermost.http.always(replace(status(200), body=b"<html>Sign in</html>"))

    async def work(channel: Channel) -> None:
        with pytest.raises(ChannelUnreachable, match="has not answered as Mattermost does; check `url`"):
            await channel.post(Message(title="t"), "key")

    use(mattermost, work)
    assert BOT in world.NAMES
