"""Members of JSON objects that are kept as another type than they are shown as."""

from datetime import datetime
from typing import Any

from execution import ColumnReader
from schema.declaration.fields import computed
from schema.declaration.moments import shown_moment


def kept_time(name: str, description: str) -> Any:
    """Return a time that is kept as a text in UTC."""

    def read(found: Any) -> datetime:
        return datetime.fromisoformat(found[name])

    def shown(text: str) -> str:
        return shown_moment(datetime.fromisoformat(text))

    return computed(read, description=description, reader=ColumnReader(name, convert=shown))
