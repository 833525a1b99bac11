"""What a project's file may not say: it came with the project, and is trusted less than one's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nbalert.errors import SettingsError
from nbalert.home import Home
from nbalert.layers import ENVIRONMENT, Auto, Layer

BUILT_IN = "inbox"
"""The channel that is there without any settings."""


def auto_of(user: Layer, own: Layer, top: Layer, project: Path | None) -> Auto | None:
    """Auto mode sends what every cell shows: neither it nor where to is a project's to say."""
    if "auto" in own.model_fields_set:
        raise SettingsError(f"{project}: auto: belongs into your own settings, not into those of a project")
    chosen = (top if "auto" in top.model_fields_set else user).auto
    if chosen is None or chosen.channel or chosen.topic:
        return chosen
    default = top.default if "default" in top.model_fields_set else user.default
    return chosen.model_copy(update={"channel": default})


def kinds_of(user: Layer, own: Layer, top: Layer, project: Path | None) -> Mapping[str, str]:
    """Classes run: what a cloned project names is not loaded."""
    for layer, where in ((own, project), (top, ENVIRONMENT)):
        if layer.kinds:
            raise SettingsError(
                f"{where}: kinds: belongs into your own settings file: a class that is named there is run"
            )
    return user.kinds


def refuse_redefined(site: Layer, user: Layer, home: Home, own: Layer, project: Path | None) -> None:
    """Channels and groups of one's own or of everybody, and the inbox, are not a project's to define."""
    for layer, where in ((user, f"your own {home.settings}"), (site, str(home.site))):
        for kind in ("channels", "groups"):
            if taken := sorted(set(getattr(layer, kind)) & set(getattr(own, kind))):
                raise SettingsError(
                    f"{project}: {kind}.{taken[0]} is defined in {where}, "
                    "which a project cannot redefine; rename one of them"
                )
    if BUILT_IN in own.channels:
        raise SettingsError(
            f"{project}: channels.{BUILT_IN} is the inbox of this machine, "
            "which a project cannot redefine; rename it"
        )
