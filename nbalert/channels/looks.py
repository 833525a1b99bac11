"""Whether channels can be shown as handlers have them shown: a kind may have no such setting."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from nbalert import channels
from nbalert.errors import SettingsError
from nbalert.fields import ChannelSettings
from nbalert.handlers import Handler
from nbalert.settings import Settings


def refuse_unfit(settings: Settings) -> None:
    """Every handler's options fit its channel, as far as that one's kind is known here.

    Raises:
        SettingsError: Names file, key and what to do.
    """
    for handler in settings.handlers:
        kind = settings.channels[handler.channel].values.get("kind") if handler.channel else None
        if handler.options.look and isinstance(kind, str) and channels.is_packaged(kind):
            _check(handler, kind, channels.settings_class(kind))


def _check(handler: Handler, kind: str, model: type[ChannelSettings]) -> None:
    for key, value in handler.options.look.items():
        where = f"{handler.file}: handlers.{handler.id}.options.{key}"
        if key not in model.model_fields:
            raise SettingsError(
                f"{where}: {handler.channel} is of kind {kind}, which has no {key}; leave it out"
            )
        if fault := _fault(model, key, value):
            raise SettingsError(f"{where}: {fault}")


def _fault(model: type[ChannelSettings], key: str, value: object) -> str:
    field = model.model_fields[key]
    kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        return "; ".join(
            one["msg"].removeprefix("Value error, ")
            for one in error.errors(include_url=False, include_input=False)
        )
    return ""
