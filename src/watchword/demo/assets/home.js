"use strict";

// What a page does when its access token has run out: refresh once, and go on.
const LATELY_MILLISECONDS = 10_000;

if (Date.now() - Number(sessionStorage.getItem("refreshed")) > LATELY_MILLISECONDS) {
  sessionStorage.setItem("refreshed", String(Date.now()));
  fetch("/auth/refresh", { method: "POST" }).then((answer) => {
    if (answer.ok) location.reload();
  });
}
