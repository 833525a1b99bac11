"""One message as one or several events: the text, what is asked about before it, other files after it."""

from __future__ import annotations

from nbalert.channels.excerpts import CODE
from nbalert.channels.matrix_api import MatrixApi
from nbalert.channels.matrix_files import File, beside, uploaded
from nbalert.channels.matrix_shape import shape
from nbalert.errors import ChannelRefused
from nbalert.message import Message

MESSAGE = "m.room.message"


async def posted(api: MatrixApi, room: str, message: Message, key: str) -> str:
    """Send it; the id of the text's event. Tried again with the same key it is there once.

    Raises:
        ChannelError: As `MatrixApi.send`; or code that is asked about cannot be shown whole.
    """
    shaped = shape(message)
    files = [*map(File.of_image, message.images), *map(File.of_text, shaped.files)]
    contents, left_out = await uploaded(api, files)
    asks = message.question is not None and message.decision is None
    if asks and not shaped.has_whole_code:
        if CODE in left_out:
            raise ChannelRefused(f"{api.name}: the code is larger than the homeserver takes; nobody is asked")
        code = next(one for one in contents if one["filename"] == CODE)
        contents.remove(code)
        await api.send(room, MESSAGE, code, f"{key}-code")  # nobody can approve what cannot be seen
    if left_out:
        shaped = shape(message, [f"Not attached, larger than the server takes: {', '.join(left_out)}"])
    event = await api.send(room, MESSAGE, shaped.content, key)
    for number, content in enumerate(contents):
        await api.send(room, MESSAGE, beside(content, event), f"{key}-file-{number}")
    return event
