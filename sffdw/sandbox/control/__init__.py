"""The control plane below /_sandbox: looks at and changes the org without being an API call."""

from sffdw.sandbox.control.routes import control_reply

__all__ = ["control_reply"]
