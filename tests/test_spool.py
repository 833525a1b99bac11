from __future__ import annotations

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nbalert.spool import VERSION, Spool
from tests.processes import Script


def test_put_and_take(tmp_path: Path) -> None:
    """What was put is there in order, also for another process, until it is removed."""
    spool = Spool(tmp_path / "spool")
    ids = [spool.put({"n": n, "durable": ("process", "power")[n % 2]}) for n in range(100)]
    other = Spool(tmp_path / "spool")
    taken = list(other.take())
    assert [entry.data["n"] for entry in taken] == list(range(100))
    assert [entry.id for entry in taken] == ids == sorted(ids)
    for entry in taken:
        other.remove(entry.id)
        other.remove(entry.id)
    assert (other.count(), list(other.take())) == (0, [])


def test_no_gap_while_others_put(tmp_path: Path) -> None:
    """A long folder that grows while it is looked at shows nothing without what was accepted before it."""
    code = (
        "from pathlib import Path; from nbalert.spool import Spool\n"
        f"spool = Spool(Path({str(tmp_path)!r}) / 'spool')\n"
        "for n in range(3000): spool.put({'n': n})"
    )
    spool, looks = Spool(tmp_path / "spool"), 0
    with Script(code) as script:
        while looks < 20 or spool.count() < 3000:
            numbers = [entry.data["n"] for entry in spool.take()]
            assert numbers == list(range(len(numbers)))
            looks += 1
        assert script.end() == 0


def test_nothing_there(tmp_path: Path) -> None:
    """A home without a spool has nothing to take, and looking makes none."""
    spool = Spool(tmp_path / "spool")
    assert (list(spool.take()), spool.count(), spool.unreadable()) == ([], 0, [])
    assert not (tmp_path / "spool").exists()


def test_a_crash_before_the_name(tmp_path: Path) -> None:
    """A process that dies between writing and renaming has accepted nothing; others are not held up."""
    spool = Spool(tmp_path / "spool")
    spool.put({"n": 1})
    (tmp_path / "spool" / "00000-000000-x.json.part").write_text('{"version": 1, "n"')
    assert [entry.data["n"] for entry in spool.take()] == [1]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"7", b'{"kind": "x"}', b"\xff\xfe", b"[" * 200_000], ids=repr
)
def test_unreadable_is_set_aside(content: bytes, tmp_path: Path) -> None:
    """What nobody can read is kept for a person, and does not stop the rest."""
    spool = Spool(tmp_path / "spool")
    spool.put({"n": 1})
    (tmp_path / "spool" / "0-broken.json").write_bytes(content)
    assert [entry.data["n"] for entry in spool.take()] == [1]
    assert spool.unreadable() == ["0-broken.json"]
    assert spool.count() == 1


def test_a_newer_version_is_left(tmp_path: Path) -> None:
    """A newer courier will take it."""
    spool = Spool(tmp_path / "spool")
    spool.put({})
    (tmp_path / "spool" / "0-newer.json").write_text(json.dumps({"version": VERSION + 1}))
    assert len(list(spool.take())) == 1
    assert (spool.count(), spool.unreadable()) == (2, [])


def test_what_cannot_be_opened_is_passed_over(tmp_path: Path) -> None:
    """An entry that is no file holds up nobody."""
    spool = Spool(tmp_path / "spool")
    spool.put({"n": 1})
    (tmp_path / "spool" / "0-folder.json").mkdir()
    assert [entry.data["n"] for entry in spool.take()] == [1]


def test_the_folder_may_go(tmp_path: Path) -> None:
    """Where somebody removes the folder, the next message makes it anew."""
    spool = Spool(tmp_path / "spool")
    spool.remove(spool.put({}))
    (tmp_path / "spool").rmdir()
    spool.put({})
    assert spool.count() == 1


def test_half_characters(tmp_path: Path) -> None:
    """The undecodable part of a file name does not stop a message, and all other text is kept."""
    spool = Spool(tmp_path / "spool")
    spool.put({"text": os.fsdecode(b"caf\xe9 ") + "🚀\x00\u202e"})
    (entry,) = spool.take()
    assert entry.data["text"] == "caf? 🚀\x00\u202e"


def test_what_json_has_not(tmp_path: Path) -> None:
    """A value that cannot be written is the caller's error, and leaves nothing."""
    spool = Spool(tmp_path / "spool")
    with pytest.raises(TypeError):
        spool.put({"n": object()})
    assert spool.count() == 0


def test_files_are_private(tmp_path: Path) -> None:
    """Only the user can read what waits."""
    Spool(tmp_path / "spool").put({})
    (path,) = (tmp_path / "spool").iterdir()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_many_threads_and_processes(tmp_path: Path) -> None:
    """Everybody puts at once while somebody takes: each entry once, and in order for each who put."""
    folder = tmp_path / "spool"
    code = f"""
from pathlib import Path
from nbalert.spool import Spool
spool = Spool(Path({str(folder)!r}))
for n in range(200): spool.put({{"by": "p%d" % __import__("os").getpid(), "n": n}})
"""
    seen: list[tuple[str, int]] = []
    ended = threading.Event()

    def take() -> None:
        spool = Spool(folder)
        while True:
            is_last = ended.is_set()
            for entry in spool.take():
                seen.append((entry.data["by"], entry.data["n"]))
                spool.remove(entry.id)
            if is_last:
                return

    def put(by: str) -> None:
        spool = Spool(folder)
        for n in range(200):
            spool.put({"by": by, "n": n})

    taker = threading.Thread(target=take)
    taker.start()
    with Script(code) as one, Script(code) as two, ThreadPoolExecutor(4) as pool:
        list(pool.map(put, "abcd"))
        assert (one.end(), two.end()) == (0, 0)
    ended.set()
    taker.join()
    assert len(seen) == len(set(seen)) == 1200
    assert all([n for by, n in seen if by == who] == list(range(200)) for who in {by for by, _ in seen})
