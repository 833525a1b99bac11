"""The courier: one per user and host. It alone opens the store and speaks to chats.

    spool ─▶ intake ─▶ store ─▶ delivery ─▶ channel ─▶ chat
    kernel ◀─ line ◀─ conversation ◀─ ledger ◀─ listening ◀─ channel ◀─ chat

`office` wires the rooms; where it runs, a thread or a process of its own, is `lifecycle`'s business.
"""
