"""A narrative that could run, load or ask something is refused; an ordinary one is left alone."""

import pytest

from shared.fhir.narrative import narrative_fault
from tests.fhir.validation.samples import PATIENT, bundle, changed, problems, refusal

XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


@pytest.mark.parametrize(
    "inside",
    [
        "text",
        "<p>One <b>two</b> &amp; &lt;three&gt; caf&#233; &nbsp;</p>",
        "<p>line<br/>line</p><hr/>",
        "<ul><li>a</li></ul><ol start='2'><li>b</li></ol><dl><dt>c</dt><dd>d</dd></dl>",
        "<table border='1'><caption>t</caption><tr><th colspan='2'>a</th></tr></table>",
        "<table><thead><tr><td>a</td></tr></thead><tbody><tr><td>b</td></tr></tbody></table>",
        "<a href='https://example.org/x?a=1&amp;b=2'>link</a>",
        "<a href='mailto:a@example.org'>m</a> <a href='tel:+441632960001'>t</a>",
        "<a href='#part'>in</a><a name='part'/>",
        "<a href='ftp://x.example/y'>f</a>",
        "<blockquote cite='https://x.example'>q</blockquote><q cite='#a'>r</q>",
        "<img src='a.png' longdesc='https://x.example/d' usemap='#m'/>",
        "<p xml:space='preserve'>x</p>",
        "<a href='Patient/1'>relative</a>",
        "<img src='#image' alt='x'/>",
        "<img src='https://example.org/x.png'/>",
        "<img src='data:image/png;base64,iVBORw0KGgo='/>",
        "<p style='color: red; width: 50%'>styled</p>",
        "<p xml:lang='pl' lang='pl' dir='ltr'>dzie&#324; dobry</p>",
        "<!-- a note --> text",
        "<![CDATA[3 < 5 & 7 > 6]]>",
        "<p><![CDATA[<b>no markup</b>]]></p>",
        "<![CDATA[<script>x</script>]]>",
        "<![CDATA[<!-- no comment -->]]>",
        "<![CDATA[&nosuch;]]>",
        "<p title='data: about'>x</p>",
        "<p title='a\nb'>x</p>",
        "<b class='x'><i class='y'><p class='z'>x</p></i></b>",
    ],
)
def test_ordinary_xhtml_is_taken(inside):
    assert narrative_fault(f"<div {XHTML}>{inside}</div>") is None


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        "<SCRIPT>alert(1)</SCRIPT>",
        "<p onclick='x()'>a</p>",
        "<p ONCLICK='x()'>a</p>",
        "<img src='x' onerror='x()'/>",
        "<a href='javascript:x()'>a</a>",
        "<a href=' javascript:x()'>a</a>",
        "<a href='java&#9;script:x()'>a</a>",
        "<a href='JAVASCRIPT&#58;x()'>a</a>",
        "<a href='vbscript:x'>a</a>",
        "<a href='data:text/html,x'>a</a>",
        "<a href='da&#10;ta:text/html,x'>a</a>",
        "<a href='file:///etc/passwd'>a</a>",
        "<img src='data:image/svg+xml,x'/>",
        "<img src='javascript:x()'/>",
        "<img src='a.png' longdesc='javascript:x()'/>",
        "<q cite='javascript:x()'>a</q>",
        "<iframe src='https://example.org'/>",
        "<object data='x'/>",
        "<embed src='x'/>",
        "<form action='x'><input name='a'/></form>",
        "<button>a</button>",
        "<link rel='stylesheet' href='https://example.org/x.css'/>",
        "<style>p { color: red }</style>",
        "<meta http-equiv='refresh' content='0'/>",
        "<base href='https://example.org'/>",
        "<head/>",
        "<body>a</body>",
        "<svg onload='x()'/>",
        "<math/>",
        "<video src='x'/>",
        "<marquee>a</marquee>",
        "<p style='background: url(https://example.org/x)'>a</p>",
        "<p style='width: expression(alert(1))'>a</p>",
        "<p style='behavior: x'>a</p>",
        "<p style='background: \\75rl(x)'>a</p>",
        "<img src='#a' srcset='https://example.org 2x'/>",
        "<a href='#a' target='_blank' ping='https://example.org'>a</a>",
        "<x:script xmlns:x='http://www.w3.org/1999/xhtml'>a</x:script>",
        "<x:a xmlns:x='http://www.w3.org/1999/xhtml' href='javascript:x()'>a</x:a>",
        "<p xmlns='http://www.w3.org/2000/svg'>a</p>",
        "<![CDATA[><img src='x' onerror='x()'>]]>",
        "<![CDATA[<p>a</p><img src='x' onerror='x()'/>]]>",
        "<![CDATA[><!-- ]]>",
        "<![CDATA[></div>]]>a",
        "<![CDATA[a",
        "<p title='<![CDATA[' onclick='x()' lang=']]>'>a</p>",
        "<!-- <![CDATA[ --><img src='x' onerror='x()'/> ]]> -->",
        "<![CDATA[ ]]>",
        "<?php x ?>",
        "<!--> <script>x()</script> -->",
        "<!-- a <script>x()</script> -->",
        "<!DOCTYPE x>",
        "<p>not closed",
        "a & b",
        "&nosuch;",
        "<p a=b>x</p>",
        "<col width='3'/>x",
    ],
)
def test_what_runs_loads_or_misleads_is_refused(inside):
    assert narrative_fault(f"<div {XHTML}>{inside}</div>") is not None


@pytest.mark.parametrize(
    "div",
    [
        "<p>a</p>",
        "text",
        "",
        "<div xmlns='urn:other'>a</div>",
        "<div>a</div>",
        f"<div {XHTML}/>",
        f"<div {XHTML}> </div>",
        f"<div {XHTML}>&#160;</div>",
        f"<div {XHTML}>a</div><div {XHTML}>b</div>",
        f'<!DOCTYPE div [<!ENTITY a "b">]><div {XHTML}>&a;</div>',
    ],
)
def test_it_is_one_div_with_content(div):
    assert narrative_fault(div) is not None


def narrated(div):
    return changed(PATIENT, text={"status": "generated", "div": div})


def test_it_is_422_with_its_place_wherever_it_stands():
    spoilt = narrated(f"<div {XHTML}><script>x</script></div>")
    error = refusal(spoilt)
    assert error.status == 422
    assert error.issues[0].expression == ("Patient.text.div",)
    assert "script" in error.issues[0].diagnostics
    assert problems(bundle("collection", {"resource": spoilt})) == [
        ("invariant", "Bundle.entry[0].resource.text.div")
    ]


def test_what_was_sent_is_not_rewritten():
    resource = narrated(f"<div {XHTML}><p>a<br/></p><!-- x --></div>")
    assert problems(resource) == []
    assert resource["text"]["div"] == f"<div {XHTML}><p>a<br/></p><!-- x --></div>"


@pytest.mark.timeout(20)
def test_hostile_nesting_costs_little():
    for one, other in (("<b class='x'>", "</b>"), ("<table><tr><td>", "</td></tr></table>")):
        assert (
            narrative_fault(f"<div {XHTML}>" + one * 20_000 + "x" + other * 20_000 + "</div>")
            is None
        )
