"""Reading ``.po`` files, the text form of gettext's catalogues, with the standard library alone.

What is read is packed as ``msgfmt`` would, in memory, and handed to ``gettext.GNUTranslations``: so
that what translators write is what runs, from a checkout, a wheel or an operator's folder alike.
"""

from __future__ import annotations

import gettext
import io
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

_ENTRY: Final = re.compile(r'(msgctxt|msgid|msgid_plural|msgstr|msgstr\[([0-5])\])\s+(".*")')
_STRING: Final = re.compile(r'"((?:[^"\\]|\\["\\nt])*)"')
_ESCAPES: Final = {'\\"': '"', "\\\\": "\\", "\\n": "\n", "\\t": "\t"}
_CHARSET: Final = re.compile(r"^content-type:.*\n?", re.IGNORECASE | re.MULTILINE)
_UTF_8: Final = "Content-Type: text/plain; charset=utf-8\n"
_MAGIC: Final = 0x950412DE


@dataclass(slots=True)
class Entry:
    """One message: ``forms`` are its translations by number, one where it has no plural."""

    line: int
    source: str = ""
    plural: str | None = None
    forms: dict[int, str] = field(default_factory=dict)
    fuzzy: bool = False

    @property
    def translated(self) -> bool:
        """Whether it is to be used: gettext uses no guess and nothing half done."""
        return not self.fuzzy and bool(self.source and self.forms) and all(self.forms.values())


def read_po(text: str) -> list[Entry]:
    """Every entry, the heading included, which has an empty ``source``. Raises ValueError, with the
    line, for what is no ``.po`` file, for a context (``msgctxt``) and for a message that is there twice."""
    entries = list(_entries(text))
    lines: dict[str, int] = {}
    for entry in entries:
        first = lines.setdefault(entry.source, entry.line)
        if first != entry.line:
            raise ValueError(f"line {entry.line}: the message of line {first} is there again")
    return entries


def translations(entries: list[Entry]) -> gettext.GNUTranslations:
    """Those that are translated, whatever the heading says of the file's encoding. Raises ValueError
    for a heading that gettext cannot use."""
    said = {_key(each): _value(each) for each in entries if each.translated}
    said[""] = _UTF_8 + "".join(
        _CHARSET.sub("", each.forms.get(0, "")) for each in entries if not each.source
    )
    packed = _packed(said)
    try:
        return gettext.GNUTranslations(io.BytesIO(packed))
    except (ValueError, LookupError) as error:
        raise ValueError(f"its heading cannot be used: {error}") from None


def _entries(text: str) -> Iterator[Entry]:
    entry: Entry | None = None
    fuzzy, place = False, ""
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line.startswith("#,"):
            fuzzy = "fuzzy" in line[2:]
        if not line or line.startswith("#"):
            continue
        keyword, content = _line(line, number)
        if keyword == "msgid":
            if entry is not None:
                yield entry
            entry, fuzzy = Entry(number, fuzzy=fuzzy), False
        if entry is None or keyword == "msgctxt" or not (keyword or place):
            raise ValueError(f"line {number}: this does not belong here")
        place = keyword or place
        _add(entry, place, content)
    if entry is not None:
        yield entry


def _line(line: str, number: int) -> tuple[str, str]:
    """Its keyword, empty where it only goes on, and its string."""
    started = _ENTRY.fullmatch(line)
    quoted = _STRING.fullmatch(line if started is None else started[3])
    if quoted is None:
        raise ValueError(f"line {number}: neither a keyword with a string nor a string")
    content = re.sub(r"\\.", lambda escape: _ESCAPES[escape[0]], quoted[1])
    return "" if started is None else started[1], content


def _add(entry: Entry, place: str, content: str) -> None:
    if place == "msgid":
        entry.source += content
    elif place == "msgid_plural":
        entry.plural = (entry.plural or "") + content
    else:
        form = int(place[7]) if place.startswith("msgstr[") else 0
        entry.forms[form] = entry.forms.get(form, "") + content


def _key(entry: Entry) -> str:
    return entry.source if entry.plural is None else f"{entry.source}\0{entry.plural}"


def _value(entry: Entry) -> str:
    return "\0".join(entry.forms[form] for form in sorted(entry.forms))


def _packed(messages: Mapping[str, str]) -> bytes:
    """The binary form (GNU gettext manual, "The Format of GNU MO Files"), without its hash table."""
    pairs = sorted((key.encode(), value.encode()) for key, value in messages.items())
    heading_bytes, row_bytes = 28, 8
    texts, tables = b"", [b"", b""]
    for column in (0, 1):
        for pair in pairs:
            start = heading_bytes + 2 * row_bytes * len(pairs) + len(texts)
            tables[column] += struct.pack("<II", len(pair[column]), start)
            texts += pair[column] + b"\0"
    second = heading_bytes + row_bytes * len(pairs)
    heading = struct.pack("<7I", _MAGIC, 0, len(pairs), heading_bytes, second, 0, second + len(tables[1]))
    return heading + tables[0] + tables[1] + texts
