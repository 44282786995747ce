"""`_changes`: events of a channel after a replay id, as soon as there are any or after `wait` seconds, then it ends.

channel: such as /data/ChangeEvents; replay_id: -1 new ones only (the default), -2 all that are kept; wait: seconds, at
most 100. The first row of a stream that was opened for this read is {"subscribed": true}.
"""

from collections.abc import Iterable, Mapping

from sffdw.events import NEW_ONLY
from sffdw.system.table import Row, SystemColumn, SystemTable, argument
from sffdw.types import json_text

MAX_WAIT_S = 100.0


class ChangesTable(SystemTable):
    name = "_changes"
    columns = (argument("channel"), argument("replay_id", is_required=False), argument("wait", is_required=False),
               SystemColumn("event", "jsonb"))

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        channel = arguments["channel"]
        if not channel.startswith("/"):
            raise self.wrong(arguments, "channel", "It begins with a slash: /data/ChangeEvents, /event/Order__e.")
        for event in self.connection.stream.read(channel, self._replay_id(arguments), self._wait(arguments)):
            yield {"event": json_text(event)}

    def _replay_id(self, arguments: Mapping[str, str]) -> int:
        try:
            return int(arguments.get("replay_id", NEW_ONLY))
        except ValueError:
            raise self.wrong(arguments, "replay_id", "It must be a whole number: -1 for new events only, -2 for all "
                             "that are kept, or the replayId of the last event read.") from None

    def _wait(self, arguments: Mapping[str, str]) -> float:
        try:
            seconds = float(arguments.get("wait", 0))
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= MAX_WAIT_S:
            raise self.wrong(arguments, "wait", f"It must be a number of seconds from 0 to {MAX_WAIT_S:.0f}.")
        return seconds


TABLE = ChangesTable
