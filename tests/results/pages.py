"""Pages as those meet them who read them."""

import re
from html.parser import HTMLParser


class Page(HTMLParser):
    """A page as a reader meets it: its words, its tags, and what it would fetch."""

    VOID = frozenset({"meta", "img", "br", "wbr", "link", "hr", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetches: list[str | None] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.labels: list[str | None] = []
        self.rows: list[list[str]] = []
        """The cells of each row of each table."""
        self.feed(text)
        assert self.open == [], "every tag is closed"
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note the tag, its labels and what it would fetch."""
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        self.fetches += [
            value
            for name, value in attributes
            if name in ("src", "href", "xlink:href", "srcset", "action", "data", "poster") or "url(" in (value or "")
        ]
        self.labels += [value for name, value in attributes if name == "aria-label"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note a tag that closes itself."""
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Hold closing tags against opened ones."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep what is read; styles may fetch nothing."""
        if not self.open or self.open[-1] not in ("style", "title"):
            self.words.append(data)
            if {"td", "th"} & set(self.open):
                self.rows[-1][-1] = f"{self.rows[-1][-1]} {data.strip()}".strip()
        elif self.open[-1] == "style":
            assert "url(" not in data
            assert "@import" not in data
