"""What the directory keeps as HTML is read without its markup."""

import pytest

from services.portal.prose import plain


@pytest.mark.parametrize(
    ("kept", "read"),
    [
        (None, ""),
        ("Tea, cake and dominoes", "Tea, cake and dominoes"),
        ("Bulbs &amp; Barrows", "Bulbs & Barrows"),
        ("<p>Come in.</p><p>Ask for <b>Ann</b>.</p>", "Come in.\nAsk for Ann."),
        ("bank &lt;at&gt; the market", "bank <at> the market"),
    ],
)
def test_prose_is_read_without_markup(kept: str | None, read: str):
    assert plain(kept) == read
