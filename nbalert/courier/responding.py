"""Tells people why their answer does not count: a courtesy, which is tried once and holds up nobody."""

from __future__ import annotations

import asyncio
import json
import logging

from nbalert.courier.projects import NotReady, Projects
from nbalert.courier.store import Store
from nbalert.errors import ChannelError
from nbalert.message import Receipt
from nbalert.policy import Reply

log = logging.getLogger(__name__)

LIMIT_S = 30.0
"""How long one attempt may take."""
TOLD_LIMIT = 5
"""Up to which of one person's answers to a question: two bots must not answer each other for ever."""


class Responding:
    """One task an answer."""

    def __init__(self, store: Store, projects: Projects) -> None:
        self._store = store
        self._projects = projects
        self._tasks: set[asyncio.Task[None]] = set()

    def tell(self, question_id: str, reply: Reply, why: str) -> None:
        """Say in the reply's channel, to its author, why it has no effect; returns at once."""
        given = self._store.row(
            "SELECT count(*) AS number FROM reply WHERE question = ? AND json_extract(body, '$.person') = ?",
            *(question_id, reply.person),
        )
        if given and given["number"] <= TOLD_LIMIT:
            task = asyncio.create_task(self._tell(question_id, reply, why))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Stop; what is not said by now is left unsaid."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _tell(self, question_id: str, reply: Reply, why: str) -> None:
        row = self._store.row(
            "SELECT d.project, d.receipt FROM delivery d JOIN question q ON q.message = d.message"
            " WHERE q.id = ? AND d.channel = ? AND d.kind = 'post'",
            *(question_id, reply.channel),
        )
        if row is None or not row["receipt"]:
            return
        receipt = Receipt.from_json(json.loads(row["receipt"]))
        try:
            async with asyncio.timeout(LIMIT_S):
                with self._projects.using(row["project"], reply.channel) as channel:
                    await channel.respond(receipt, reply, why)
        except (ChannelError, NotReady, TimeoutError) as error:
            log.info("%s was not told why an answer does not count: %s", reply.channel, error)
        except Exception:
            log.exception("channel %s failed in its own code", reply.channel)
