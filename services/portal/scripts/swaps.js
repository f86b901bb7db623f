// What htmx could not ask for is opened as a page: the browser says in its own words what is wrong.
"use strict";

document.addEventListener("htmx:sendError", (event) => {
  window.location.assign(event.detail.pathInfo.requestPath);
});
