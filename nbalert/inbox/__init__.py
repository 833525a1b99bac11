"""The built-in chat: a small page that shows messages, and in which questions are answered."""

from nbalert.inbox.people import People, Session, login_link
from nbalert.inbox.server import InboxServer

__all__ = ["InboxServer", "People", "Session", "login_link"]
