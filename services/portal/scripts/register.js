// A register that survives lost signal: each mark is kept in this browser until it has arrived.
//
// Kept are ids and marks, never a name. A mark has a key of its own, so that one which is sent
// twice, or late, counts once (PUT /referrals/requests/{task}/attendance/{day}). Pages that staff open
// first send what an earlier page kept. Without this file, and where the browser keeps nothing, the
// page is a form with a button.
"use strict";

(() => {
  const notice = document.getElementById("register-notice");
  if (!notice || !window.fetch || !window.localStorage) return;

  const EVERY = 10000; // milliseconds between two tries
  const words = notice.dataset;
  const place = `kersey-register-${words.account}`; // others of this phone have their own
  const form = document.getElementById("register"); // not on a page that sends what was left
  let sending = false;
  let refused = 0;
  let signedOut = false;

  const kept = () => {
    try {
      return JSON.parse(localStorage.getItem(place)) || [];
    } catch {
      return [];
    }
  };
  const keep = (marks) => localStorage.setItem(place, JSON.stringify(marks));
  try {
    keep(kept());
  } catch {
    return; // no room, or none is allowed: by the form nothing is lost
  }
  const newKey = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };

  const show = () => {
    const waiting = kept();
    document.querySelectorAll("[data-person]").forEach((person) => {
      const unsent = waiting.some(
        (mark) => mark.task === person.dataset.person && mark.at === words.at,
      );
      person.querySelector("[data-unsent]").hidden = !unsent;
    });
    const said = [];
    if (waiting.length) said.push(signedOut ? words.signIn : words.unsent);
    if (refused) said.push(words.refused);
    if (!said.length) said.push(words.saved);
    notice.textContent = said.join(" ");
  };

  const send = async (mark) => {
    const answer = await fetch(mark.at, {
      method: "POST",
      body: new URLSearchParams({ key: words.key, task: mark.task, mark: mark.mark, mark_key: mark.key }),
      redirect: "manual",
    });
    if (answer.status === 204) return true;
    signedOut = [401, 403, 409].includes(answer.status);
    if (answer.status !== 410) throw new Error(String(answer.status));
    refused += 1; // it can never be taken: nobody is expected by this request any more
    return true;
  };

  const sendAll = async () => {
    if (sending || !kept().length) return;
    sending = true;
    try {
      for (let mark = kept()[0]; mark; mark = kept()[0]) {
        await send(mark);
        keep(kept().filter((each) => each.key !== mark.key));
      }
    } catch {
      // No signal, or nobody is signed in: it stays, and is tried again.
    }
    sending = false;
    show();
  };

  form?.addEventListener("change", (event) => {
    const person = event.target.closest("[data-person]");
    if (!person) return;
    const mark = { at: words.at, task: person.dataset.person, mark: event.target.value, key: newKey() };
    const others = kept().filter((each) => each.at !== mark.at || each.task !== mark.task);
    keep([...others, mark]);
    show();
    sendAll();
  });
  form?.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("online", sendAll);
  document.addEventListener("visibilitychange", sendAll);
  setInterval(() => kept().length && sendAll(), EVERY);

  const save = document.getElementById("register-save");
  if (save) save.hidden = true;
  for (const mark of kept()) {
    if (mark.at !== words.at) continue;
    const choice = form.querySelector(`input[name="mark-${mark.task}"][value="${mark.mark}"]`);
    if (choice) choice.checked = true;
  }
  if (kept().length) {
    show();
    sendAll();
  }
})();
