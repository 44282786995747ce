"""The event stream of the org: change events, push topics, platform and generic events, delivered over CometD."""

from sffdw.sandbox.events.events import Events

__all__ = ["Events"]
