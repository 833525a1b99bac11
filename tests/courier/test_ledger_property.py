"""Random lives of questions on a real store, against a small model of what an approval is."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from nbalert.agreement import disagreements
from nbalert.courier.records import book_page, trail_page
from nbalert.home import Home
from nbalert.message import Message
from nbalert.policy import Policy, Reply
from nbalert.question import Question
from nbalert.trail import broken
from tests.clocks import HandClock
from tests.courier.rooms import Rooms
from tests.courier.test_agenda import timed

PEOPLE = ("ann", "bob", "carol", "eve", "mallory")
YES, NO = ("yes", "LGTM: go", "ok\nbecause"), ("no", "Reject: not today")
TALK = ("hm", "yes please", "> yes", "yesno")


@dataclass
class Modelled:
    """What should become of a question, in the plainest words."""

    question: Question
    ends_at_s: float
    ends_boot_s: float
    boot: str
    outcome: str = ""
    yes: set[str] = field(default_factory=set)
    seen: set[tuple[str, str]] = field(default_factory=set)
    is_used: bool = False
    is_withdrawn: bool = False

    def is_over(self, clock: HandClock) -> bool:
        """Whether either clock says that the time is up."""
        is_by_boot = clock.boot == self.boot and clock.boot_s() >= self.ends_boot_s
        return is_by_boot or clock.time_s() >= self.ends_at_s

    def expire(self, clock: HandClock) -> None:
        """Time has passed."""
        if not self.outcome and self.is_over(clock):
            self.outcome = "expired"

    def hear(self, reply: Reply, channel: str, clock: HandClock) -> None:
        """Somebody answers."""
        self.expire(clock)
        key = (channel, reply.reference)
        policy = self.question.policies.get(channel, self.question.policy)
        counts = (
            reply.person in policy.approvers
            and (policy.allow_self or reply.person != policy.asker)
            and reply.at >= self.question.asked_at
            and not (reply.is_bot or reply.is_edited or self.outcome or key in self.seen)
        )
        self.seen.add(key)
        if counts and reply.text in NO:
            self.outcome = "rejected"
        elif counts and reply.text in YES:
            self.yes.add(reply.person)
            if len(self.yes) >= self.question.policy.need:
                self.outcome = "approved"

    def cancel(self) -> None:
        """The asker is interrupted."""
        if not self.outcome:
            self.outcome = "cancelled"
        elif self.outcome == "approved" and not self.is_used:
            self.is_withdrawn = True

    def use(self, is_the_asker: bool) -> bool:
        """Whether somebody may go on."""
        may = is_the_asker and self.outcome == "approved" and not self.is_withdrawn
        self.is_used |= may
        return may


class Lives(RuleBasedStateMachine):
    """Two questions, five people, two clocks, couriers that come and go."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        root = Path(self._folder.name)
        self._home = Home(root, root / "nbalert.toml")
        self._clock = HandClock()
        self._runner = asyncio.Runner()
        self._answers = 0
        self._given: list[tuple[int, str, Reply]] = []
        self.asked: list[Modelled] = []
        self._begin()

    @initialize(
        need=st.sampled_from([1, 1, 2, 3]),
        lasts_s=st.sampled_from([30.0, 600.0, 3600.0]),
        is_self_allowed=st.booleans(),
        second=st.sets(st.sampled_from(PEOPLE), min_size=1).map(lambda some: tuple(sorted(some))),
    )
    def ask(self, need: int, lasts_s: float, is_self_allowed: bool, second: tuple[str, ...]) -> None:
        """The same is asked twice, in two channels with policies of their own."""
        own = {
            "approvers": ("ann", "bob", "carol"),
            "asker": "ann",
            "allow_self": is_self_allowed,
            "need": need,
        }
        policies = {"ops": Policy(approvers=second, need=need)}
        for number in range(2):
            one = timed(self._clock, lasts_s, id=f"q{number}", run=f"run{number}", policies=policies, **own)
            message = Message(title=one.text, question=one)
            self._do(lambda rooms, message=message: rooms.accept(message, "ci", "ops"))  # type: ignore[misc]
            now_s, boot_s = self._clock.time_s(), self._clock.boot_s()
            self.asked.append(Modelled(one, now_s + lasts_s, boot_s + lasts_s, self._clock.boot))

    @rule(
        which=st.integers(0, 1),
        person=st.sampled_from(PEOPLE + 2 * PEOPLE[1:3]),
        text=st.sampled_from(4 * YES + NO + TALK),
        channel=st.sampled_from(["ci", "ci", "ops"]),
        early_s=st.sampled_from([*[0.0] * 6, 5.0, 10_000.0, -10_000.0]),
        oddity=st.sampled_from([*[""] * 6, "bot", "edited"]),
    )
    def answer(self, which: int, person: str, text: str, channel: str, early_s: float, oddity: str) -> None:
        """Somebody answers, by a service whose clock is right or wrong."""
        self._answers += 1
        reply = Reply(
            reference=str(self._answers),
            person=person,
            text=text,
            at=self._clock.now() - timedelta(seconds=early_s),
            is_bot=oddity == "bot",
            is_edited=oddity == "edited",
        )
        self._given.append((which, channel, reply))
        self._bring(which, channel, reply)

    @rule(which=st.integers(0, 1), person=st.sampled_from(["bob", "carol"]))
    def approve(self, which: int, person: str) -> None:
        """Somebody who may approves: chance alone seldom comes so far."""
        self.answer(which, person, "yes", "ci", 0.0, "")

    @precondition(lambda self: self._given)
    @rule(data=st.data(), is_for_another=st.booleans())
    def bring_again(self, data: st.DataObject, is_for_another: bool) -> None:
        """An answer comes once more, or is replayed as one to the other question."""
        which, channel, reply = data.draw(st.sampled_from(self._given))
        self._bring(1 - which if is_for_another else which, channel, reply)

    @rule(seconds=st.sampled_from([0.5, 0.5, 20.0, 400.0]))
    def go_on(self, seconds: float) -> None:
        """Time passes, awake or asleep."""
        self._clock.go_on(seconds)

    @rule(seconds=st.sampled_from([-86_400.0, -500.0, 25.0]))
    def set_clock(self, seconds: float) -> None:
        """Somebody sets the clock."""
        self._clock.set_by(seconds)

    @rule()
    def look_round(self) -> None:
        """The courier does what is due."""
        self._do(lambda rooms: rooms.agenda.work(rooms.due))
        for one in self.asked:
            one.expire(self._clock)

    @rule(which=st.integers(0, 1), is_so=st.sampled_from([False, False, False, True]))
    def cancel(self, which: int, is_so: bool) -> None:
        """The asker is interrupted, now and then."""
        if not is_so:
            return
        self.asked[which].cancel()
        self._do(lambda rooms: rooms.ledger.cancel(f"q{which}", "interrupted"))

    @rule(is_reboot=st.booleans())
    def restart(self, is_reboot: bool) -> None:
        """The courier is killed, alone or with its machine, and another takes over."""
        self._runner.run(self._end())
        if is_reboot:
            self._clock.reboot()
        self._begin()

    @rule(which=st.integers(0, 1), wrong=st.sampled_from(["", "", "run", "code", "origin"]))
    def use(self, which: int, wrong: str) -> None:
        """Somebody wants to go on: the asker, its other run, other code, or another process."""
        question = self.asked[which].question
        run = f"run{1 - which}" if wrong == "run" else question.run
        sha256 = "of other code" if wrong == "code" else question.code_sha256
        origin = "another process" if wrong == "origin" else "o"
        may = self.asked[which].use(not wrong)
        said = self._do(lambda rooms: rooms.ledger.consume(question.id, run, sha256, origin))
        assert said == may

    @invariant()
    def it_is_as_modelled(self) -> None:
        """Every question stands where the model says, and was used at most once."""
        for one in self.asked:
            row = self._rooms.store.row("SELECT * FROM question WHERE id = ?", one.question.id)
            assert row is not None
            assert (row["outcome"] or "") == one.outcome
            assert bool(row["consumed_by"]) == one.is_used
            used = self._rooms.trail.entries(one.question.id, "consumed")
            assert [entry["run"] for entry in used] == [one.question.run] * one.is_used

    def teardown(self) -> None:
        """What is on record is whole, and says what the ledger says."""
        rooms = self._rooms
        rows = trail_page(rooms.store, rooms.trail, 0)["rows"]
        faults = [*broken(rows, rooms.trail.head)]
        faults += disagreements(rows, book_page(rooms.store, "")["rows"], rooms.trail.head.seq)
        self._runner.run(self._end())
        self._runner.close()
        self._folder.cleanup()
        assert faults == []

    def _bring(self, which: int, channel: str, reply: Reply) -> None:
        self.asked[which].hear(reply, channel, self._clock)
        self._do(lambda rooms: rooms.ledger.reply(f"q{which}", channel, reply))

    def _do(self, does: Callable[[Rooms], object]) -> object:
        async def work() -> object:
            return does(self._rooms)

        return self._runner.run(work())

    def _begin(self) -> None:
        async def make() -> Rooms:
            return Rooms(self._home, self._clock)

        self._rooms = self._runner.run(make())

    async def _end(self) -> None:
        await self._rooms.responding.aclose()
        await self._rooms.delivery.aclose()
        await self._rooms.projects.aclose()
        self._rooms.trail.close()
        self._rooms.store.close()


TestLives = Lives.TestCase
TestLives.settings = settings(
    max_examples=50,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
