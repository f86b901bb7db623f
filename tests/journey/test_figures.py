"""Commissioners and researchers read numbers that tell of nobody, as tables, bars and files."""

import csv
import io
import re
from datetime import date

import pytest
from playwright.sync_api import Browser, expect

from services.portal.figures.words import TABLES
from shared.quarters import quarter_of
from tests.infrastructure.running import Running
from tests.journey.pages import Watched
from tests.journey.visitor import Visitor
from tests.portal.conftest import Page, check_page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FIGURES, MONEY = "/figures", "/figures/money"


def words_in(page: str) -> str:
    """The main part of a page without its markup."""
    return re.sub(r"<[^>]+>", " ", page.partition("<main")[2])


def test_every_table_has_its_chart_and_its_file(commissioner: Visitor, researcher: Visitor) -> None:
    for visitor in (commissioner, researcher):
        page = visitor.get(FIGURES)
        check_page(Page(page))
        assert page.text.count("<table") == page.text.count(".csv") == len(TABLES)
        assert "<svg" in page.text
        assert "not shown" in page.text, "the demo's numbers are small"
        for at in re.findall(r'href="(/figures/[^"]+\.csv)"', page.text):
            answer = visitor.get(at)
            assert answer.headers["content-type"].startswith("text/csv")
            assert "attachment" in answer.headers["content-disposition"]
            head, *rows = csv.reader(io.StringIO(answer.text))
            assert head[1] == "How many"
            for words, count in rows:
                assert count.isdecimal() or count == "not shown", (at, words)


def test_nobody_and_for_researchers_no_group_is_named(
    commissioner: Visitor, researcher: Visitor
) -> None:
    for visitor in (commissioner, researcher):
        text = words_in(visitor.get(FIGURES).text)
        for name in ("Feather", "Thornbeck", "Slow Stitch", "Nadia"):
            assert name not in text
    money = commissioner.get(MONEY)
    assert money.status_code == 200
    assert "Whose money ends" in money.text
    assert "£" not in money.text
    check_page(Page(money))
    assert researcher.get(MONEY).status_code == 403
    assert MONEY not in researcher.get(FIGURES).text


def test_an_earlier_quarter_is_there_and_one_to_come_is_not(researcher: Visitor) -> None:
    others = re.findall(r'href="(/figures/20\d\d-q[1-4])"', researcher.get(FIGURES).text)
    assert len(others) == 4
    for at in others:
        assert researcher.get(at).status_code == 200
    for wrong in ("2099-q1", "2026-q5", "2026-13", "x"):
        assert researcher.get(f"{FIGURES}/{wrong}").status_code == 404, wrong
    assert researcher.get(f"{others[0]}/cases.csv").status_code == 404


def test_they_have_nobody_elses_pages(commissioner: Visitor, researcher: Visitor) -> None:
    for visitor in (commissioner, researcher):
        for path in ("/cases", "/hub", "/hub/gaps", "/hub/funding", "/people", "/our-referrals"):
            assert visitor.get(path).status_code == 403, (visitor.role, path)


def test_it_works_on_the_smallest_phone_with_scripts_and_without(
    running: Running, browser: Browser, commissioner: Visitor
) -> None:
    for scripts in (True, False):
        context = browser.new_context(
            viewport={"width": 320, "height": 640}, java_script_enabled=scripts
        )
        context.add_cookies(commissioner.cookies)
        tab = Watched(context.new_page(), 320, scripts=scripts)
        tab.page.goto(running.url + FIGURES)
        tab.judged()
        tab.click("link", "Whose money ends, and what places would lose")
        expect(tab.heading).to_have_text("Money that ends")
        context.close()
        assert tab.found == []


def test_the_names_of_quarters_follow_each_other() -> None:
    quarter = quarter_of(date(2026, 1, 15))
    assert (quarter.name, quarter.before().name) == ("2026-q1", "2025-q4")
    assert (quarter.first, quarter.last) == (date(2026, 1, 1), date(2026, 3, 31))
