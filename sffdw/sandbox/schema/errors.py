"""What the object model refuses."""


class SchemaError(ValueError):
    """A definition or alteration that cannot be: the message says which object or field and why."""
