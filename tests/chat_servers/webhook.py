"""The server that records requests and misbehaves when told to: the one that the contract suite ships."""

from __future__ import annotations

from nbalert.testing.server import GARBAGE, HANG, LOST, OK, RESET, Answer, Request, Webhook, status

__all__ = ["GARBAGE", "HANG", "LOST", "OK", "RESET", "Answer", "Request", "Webhook", "status"]
