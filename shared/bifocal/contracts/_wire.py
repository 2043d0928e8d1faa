"""The base of everything that crosses a process boundary."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

#: Raised by one whenever a reader of the previous version would misread the new one.
SCHEMA_VERSION: Final = 1

SchemaVersion = Literal[1]


class Wire(BaseModel):
    """A value on the wire: frozen, and strict about names it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
