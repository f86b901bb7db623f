"""Prose of the directory, which keeps it as HTML, as people read it."""

import html
import re
from typing import Any

import nh3

_MARKUP = re.compile(r"<|&[#\w]+;")
_LINE_ENDS = re.compile(r"</(?:p|li)>|<br\s*/?>")


def plain(text: Any) -> str:
    """A text without the markup that a description may have."""
    said = str(text or "")
    if not _MARKUP.search(said):
        return said
    return html.unescape(nh3.clean(_LINE_ENDS.sub("\n", said), tags=set())).strip()
