from __future__ import annotations

import json
from pathlib import Path

import pytest

from nbalert.backlink import backlink


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the Jupyter server of this kernel shows, as the server's own file says it."""
    root, runtime = tmp_path / "work", tmp_path / "runtime"
    runtime.mkdir()
    known = {"url": "http://localhost:8888/user/ann/", "root_dir": str(root), "token": "hush"}
    (runtime / "jpserver-4711.json").write_text(json.dumps(known))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(runtime))
    monkeypatch.setenv("JPY_PARENT_PID", "4711")
    return root


def test_to_the_server_that_runs_the_kernel(server: Path) -> None:
    """Without a template the way leads to JupyterLab, and no token goes along."""
    notebook = str(server / "a folder" / "Übung.ipynb")
    assert (
        backlink("", notebook, "c1") == "http://localhost:8888/user/ann/lab/tree/a%20folder/%C3%9Cbung.ipynb"
    )
    assert backlink("", str(server.parent / "else.ipynb"), "").endswith("/lab/tree/else.ipynb")


def test_a_template(server: Path) -> None:
    """The path is that below the server's folder; what stands in it cannot leave its place."""
    template = "https://hub.example.org/tree/{path}?cell={cell_id}"
    notebook = str(server / "x?y#z.ipynb")
    assert backlink(template, notebook, "a&b") == "https://hub.example.org/tree/x%3Fy%23z.ipynb?cell=a%26b"


def test_one_template_for_a_hub(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each user's server has a prefix of its own there; elsewhere it is the root."""
    template, notebook = "https://hub.example.org{prefix}lab/tree/{path}", str(server / "n.ipynb")
    assert backlink(template, notebook, "") == "https://hub.example.org/lab/tree/n.ipynb"
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ann/")
    assert backlink(template, notebook, "") == "https://hub.example.org/user/ann/lab/tree/n.ipynb"


def test_where_nothing_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Outside a notebook there is no way back; without a server only that of the template."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    for pid in ("", "no pid", "4712"):
        monkeypatch.setenv("JPY_PARENT_PID", pid)
        assert backlink("", "/n.ipynb", "") == ""
        assert backlink("https://h/{path}", "/f/n.ipynb", "") == "https://h/n.ipynb"
    assert backlink("https://h/{path}", "", "c") == ""
