"""Times in JSON objects, which are stored as texts in UTC."""

from datetime import datetime
from typing import Any

from execution import ColumnReader
from schema.declaration.fields import computed
from schema.declaration.moments import shown_moment


def json_time(name: str, description: str) -> Any:
    """Return a field of a time that a JSON object has as a text in UTC."""

    def read(found: Any) -> datetime:
        return datetime.fromisoformat(found[name])

    def shown(text: str) -> str:
        return shown_moment(datetime.fromisoformat(text))

    return computed(read, description=description, reader=ColumnReader(name, convert=shown))
