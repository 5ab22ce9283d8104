"use strict";

// Runs in the window that Swagger UI opened for the sign-in: hands over what came back, then closes.
const sign_in = window.opener && window.opener.swaggerUIRedirectOauth2;

if (sign_in) {
  const answer = new URLSearchParams(window.location.search);
  const refuse = (message) =>
    sign_in.errCb({ authId: sign_in.auth.name, source: "auth", level: "error", message });

  if (answer.get("state") !== sign_in.state || answer.get("iss") !== window.location.origin) {
    refuse("The answer does not belong to this sign-in.");
  } else if (answer.get("code")) {
    sign_in.auth.code = answer.get("code");
    sign_in.callback({ auth: sign_in.auth, redirectUrl: sign_in.redirectUrl });
  } else {
    refuse(`${answer.get("error")}: ${answer.get("error_description")}`);
  }
  window.close();
}
