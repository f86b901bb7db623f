"""What people, programs and attackers type into a field of a form."""

import html
import re

NAUGHTY = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</textarea><script>alert(2)</script>",
    "</title><svg onload=alert(3)>",
    '"><b onmouseover=alert(4)>',
    "' autofocus onfocus=alert(5) x='",
    "<!-- --><iframe src=//elsewhere.example>",
    "<a href=javascript:alert(6)>here</a>",
    "&lt;b&gt; &amp;amp; &#60;",
    "{{ 7 * 7 }} {% raw %} {# #}",
    "${7*7} #{7*7} <%= 7*7 %>",
    "%s %n %x %00 %0d%0aSet-Cookie:a=b",
    "{0} {name!r} {}",
    "${jndi:ldap://localhost/a}",
    "'; DROP TABLE referral_case; --",
    '" OR ""="',
    "\\'; SELECT pg_sleep(9); --",
    "../../etc/passwd",
    "..\\..\\windows",
    "| ls; $(id) `id`",
    "=1+1 +1 @SUM(A1)",
    "javascript:alert(7)",
    "data:text/html,<b>x</b>",
    "//elsewhere.example/",
    "http://elsewhere.example/?a=b&c=d",
    "name@example.org, other@example.org",
    "null None undefined NaN",
    "true false",
    "0",
    "-1",
    "1e309",
    "00000000-0000-0000-0000-000000000000",
    "2026-02-30",
    "O\u2019Brien-O'Brien",
    "D\u00e9sir\u00e9e N\u00fa\u00f1ez \u0141ukasz \u0160imon",
    "Zo\u0065\u0308 and Zo\u00eb",
    "\u0646\u0648\u0631\u0627 \u062e\u0627\u0646",
    "\u05e0\u05d5\u05e8\u05d4 123",
    "\u0a28\u0a4b\u0a30\u0a3e",
    "\u7530\u4e2d\u3055\u3093",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f3f4",
    "\u202etxet desrever",
    "\u200bno\u200bwidth\ufeff",
    "a\u00a0b\u2003c\u3000d",
    "\u2028line\u2029paragraph",
    "\uff1cscript\uff1e",
    "Z\u0353\u0324\u0301\u0302\u0303a\u0354lgo",
    "\u01c4\ufb01\u212a\u00df\u0130",
    "\u0660\u0661\u0662",
    "\ufdfa",
    "\u2067\u2066a\u2069",
    "\ue000\ufffd",
    "\U000e0041\U000e007f",
    "W" * 200,
    "\u0921\u094d" * 60,
    "a " * 99,
    "one\ttwo",
    "\\",
    "|",
    "$",
    "*",
    "-",
)


def as_words(page: str) -> str:
    """What a page says and holds in its fields, its spaces as one: as somebody reads it."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def is_shown(text: str, page: str) -> bool:
    """Whether a text stands on a page, as text or in a field, escaped."""
    plain = " ".join(text.split())
    written = " ".join(page.split())
    spellings = {html.escape(plain, quote=quote) for quote in (True, False)}
    spellings |= {each.replace("&#x27;", "&#39;").replace("&quot;", "&#34;") for each in spellings}
    return any(each in written for each in spellings)
