"""Cancel, with a reason: the one thing that can be done about a question from the notebook."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets

WITHOUT_REASON = "cancelled in the notebook"
REASON_CHARS = 500


class Stop:
    """A field for the reason and a button.

    Args:
        cancel: Called with the reason, once.
    """

    def __init__(self, cancel: Callable[[str], None]) -> None:
        self._cancel = cancel
        # Without `continuous_update` the text is sent when the field is left, and so before the click.
        self._reason = ipywidgets.Text(
            description="Reason",
            placeholder="optional",
            style={"description_width": "initial"},
            continuous_update=False,
            layout=ipywidgets.Layout(flex="1 1 180px", width="auto", max_width="420px"),
        )
        self._button = ipywidgets.Button(
            description="Cancel",
            icon="times",
            tooltip="Stop waiting; nothing will run",
            layout=ipywidgets.Layout(width="auto"),
        )
        self._button.on_click(self._click)
        self.box = ipywidgets.HBox([self._reason, self._button])
        self.box.add_class("nbalert-stop")

    def _click(self, _: object) -> None:
        self._button.disabled = self._reason.disabled = True
        self._cancel(" ".join(self._reason.value.split())[:REASON_CHARS] or WITHOUT_REASON)
