"""What a screen reader tells of a page, as far as a program can judge it. For every test that looks
at pages, beside `axe`."""

from typing import Any

_FAULTS = """() => {
  const found = [];
  const shown = (each) => each.checkVisibility({visibilityProperty: true});
  const many = (selector) => document.querySelectorAll(selector).length;
  for (const [what, selector] of [
    ["main heading", "h1"],
    ["banner", "header[role=banner]"],
    ["main part", "main"],
    ["footer", "footer[role=contentinfo]"],
    ["way past the navigation", "a.nhsuk-skip-link[href='#maincontent']"],
  ]) {
    if (many(selector) !== 1) found.push(`${many(selector)} of: ${what}`);
  }
  const navs = [...document.querySelectorAll("nav")].map((each) => each.ariaLabel);
  if (new Set(navs).size !== navs.length || navs.some((each) => !each)) {
    found.push(`navigations are not told apart: ${navs}`);
  }
  let before = 1; // what is wrong in a form stands above the main heading
  for (const each of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const level = Number(each.tagName[1]);
    if (level > before + 1) found.push(`no heading between h${before} and “${each.textContent}”`);
    before = level;
  }
  for (const each of document.querySelectorAll("input, select, textarea")) {
    if (each.type === "hidden" || each.closest("[aria-hidden=true]")) continue;
    const label = [...(each.labels ?? [])].map((one) => one.innerText.trim()).join(" ");
    if (!label && !each.ariaLabel) found.push(`no label: ${each.outerHTML}`);
  }
  for (const each of document.querySelectorAll("a, button, summary")) {
    const name = each.textContent.trim() || each.ariaLabel || each.querySelector("img[alt]")?.alt;
    if (shown(each) && !name) found.push(`no name: ${each.outerHTML}`);
  }
  const named = (each) => (each.ariaLabel || each.textContent).replace(/\\s+/g, " ").trim();
  const hiddenIn = (form) => [...form.querySelectorAll("input[type=hidden]")]
    .filter((each) => !["key", "form_number", "sheet"].includes(each.name))
    .map((each) => `${each.name}=${each.value}`);
  const leads = {};
  for (const each of document.querySelectorAll("main a[href], main form button")) {
    if (!shown(each)) continue;
    const where = each.href ?? [each.form.action, ...hiddenIn(each.form)].join(" ");
    (leads[`${each.tagName} “${named(each)}”`] ??= new Set()).add(where);
  }
  for (const [what, where] of Object.entries(leads)) {
    if (where.size > 1) found.push(`one name, several places: ${what}: ${[...where].join(", ")}`);
  }
  const fields = {};
  for (const each of document.querySelectorAll("main input, main select, main textarea")) {
    if (each.type === "hidden" || !shown(each) || each.closest("[aria-hidden=true]")) continue;
    const said = [...(each.labels ?? [])].map(named);
    for (let part = each.closest("fieldset"); part; part = part.parentElement.closest("fieldset")) {
      said.unshift(named(part.querySelector("legend") ?? part));
    }
    (fields[said.join(" > ")] ??= new Set()).add(each.name);
  }
  for (const [what, names] of Object.entries(fields)) {
    if (names.size > 1) found.push(`one label, several fields: ${what}: ${[...names].join(", ")}`);
  }
  const problem = document.querySelector(".nhsuk-error-summary");
  if (problem) {
    if (!problem.contains(document.activeElement)) {
      found.push("the focus is not on what is wrong");
    }
    for (const each of problem.querySelectorAll("a")) {
      if (!document.querySelector(each.hash)) found.push(`leads to no field: ${each.hash}`);
    }
  }
  for (const each of document.querySelectorAll("[hx-boost=true]")) {
    const target = document.querySelector(each.getAttribute("hx-target"));
    const live = document.querySelector("[role=status], [aria-live]");
    if (!target || !live) found.push("what is swapped is told to nobody");
  }
  const edge = document.documentElement.clientWidth;
  for (const each of document.querySelectorAll("main a, main button, main input, main h1")) {
    const box = each.getBoundingClientRect();
    const away = each.closest(".nhsuk-u-visually-hidden, .kersey-decoy, #map, details:not([open])");
    let scrolls = each;
    while (scrolls && getComputedStyle(scrolls).overflowX !== "auto") {
      scrolls = scrolls.parentElement;
    }
    if (!away && !scrolls && shown(each) && box.right > edge + 1) {
      found.push(`cut off: ${each.outerHTML.slice(0, 200)}`);
    }
  }
  return found;
}"""


def outline_faults(page: Any) -> list[str]:
    """What is missing: a main heading, landmarks, names and labels, headings in order, the focus on
    what is wrong in a form, a place where what is swapped is told; what is cut off at the edge; and
    what cannot be told apart by ear: links, buttons or fields of one name that are not the same.

    Args:
        page: of Playwright; shows what is to be judged.
    """
    found: list[str] = page.evaluate(_FAULTS)
    return found
