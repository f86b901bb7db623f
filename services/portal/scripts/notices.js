// How many notices are unread, in the navigation, as it changes (GET /notices/stream).
//
// Only the tab that is looked at follows the stream: a browser keeps few connections to one host, and
// each tab would hold one. It says which event it saw last, so that it hears only what is new since.
// Without this file the page of the notices has a link to look again.
"use strict";

(() => {
  const badge = document.getElementById("notices-unread");
  if (!badge || !window.EventSource) return;

  const changed = document.getElementById("notices-new");
  let source = null;
  let seen = "";

  const show = (event) => {
    const { unread } = JSON.parse(event.data);
    if (changed && seen && seen !== event.lastEventId) {
      if (changed.dataset.words) changed.prepend(`${changed.dataset.words} `);
      changed.dataset.words = "";
      changed.hidden = false;
    }
    seen = event.lastEventId;
    badge.textContent = unread ? ` ${badge.dataset.words.replace("{count}", unread)}` : "";
    badge.hidden = !unread;
  };
  const follow = () => {
    if (document.hidden || source) return;
    source = new EventSource(`/notices/stream?after=${encodeURIComponent(seen)}`);
    source.addEventListener("unread", show);
  };
  const leave = () => {
    if (source) source.close();
    source = null;
  };

  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : follow()));
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", follow);
  follow();
})();
