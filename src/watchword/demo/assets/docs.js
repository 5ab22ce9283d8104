"use strict";

// Swagger UI for the example API; what it has to know stands on its element.
const place = document.getElementById("swagger-ui");

const ui = SwaggerUIBundle({
  domNode: place,
  url: place.dataset.openapi,
  oauth2RedirectUrl: place.dataset.redirect,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
});

if (place.dataset.client) {
  ui.initOAuth({ clientId: place.dataset.client, usePkceWithAuthorizationCodeGrant: true });
}
