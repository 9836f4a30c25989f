"""What a reader of a PDF sees: its text, its fonts, what it says of itself."""

import io
import re
from typing import Any

from pypdf import PdfReader

_ACTUAL = re.compile(rb"/ActualText<FEFF([0-9A-F]+)>")


class Pdf:
    """A PDF, read."""

    def __init__(self, data: bytes) -> None:
        self._reader: Any = PdfReader(io.BytesIO(data))
        self.pages = len(self._reader.pages)
        # What was read once: to take the text out of a page takes longer than to print it.
        self._texts: dict[int, str] = {}

    def text(self, page: int | None = None) -> str:
        """The text of a page, or of all, with one space for any space."""
        return " ".join(self._text(each) for each in (range(self.pages) if page is None else [page]))

    def _text(self, page: int) -> str:
        if page not in self._texts:
            self._texts[page] = " ".join(self._reader.pages[page].extract_text().split())
        return self._texts[page]

    def actual(self) -> str:
        """What glyphs stand for that several characters share: readers copy it."""
        found = (_ACTUAL.findall(each.get_contents().get_data()) for each in self._reader.pages)
        return "".join(bytes.fromhex(code.decode()).decode("utf-16-be") for codes in found for code in codes)

    def fonts(self) -> set[str]:
        """The names of the embedded fonts."""
        found = set()
        for page in self._reader.pages:
            for font in page["/Resources"].get("/Font", {}).values():
                found.add(str(font.get_object()["/BaseFont"]).partition("+")[2])
        return found

    def info(self) -> dict[str, str]:
        """Title, author, dates."""
        return {name: str(value) for name, value in self._reader.metadata.items()}

    def metadata(self) -> str:
        """The XMP, in which it says which PDF/A it is."""
        found: str = self._reader.trailer["/Root"]["/Metadata"].get_data().decode()
        return found

    def language(self) -> str:
        """The language that it is in."""
        return str(self._reader.trailer["/Root"]["/Lang"])
