// The page of the API. Its server is the one that this file comes from, whatever the document says of itself: before the gateway may
// be a proxy that speaks TLS and is not named in TRUSTED_PROXIES.
const root = new URL("..", document.currentScript.src).href.replace(/\/$/, "");

const SameServer = () => ({
  statePlugins: {
    spec: {
      wrapActions: {
        updateJsonSpec: (original) => (spec) => original({ ...spec, servers: [{ url: root }] }),
      },
    },
  },
});

window.onload = () => {
  window.ui = SwaggerUIBundle({
    "url": root + "/openapi.json",
    "dom_id": "#swagger-ui",
    "deepLinking": true,
    "displayRequestDuration": true,
    "persistAuthorization": true,
    // Swagger UI would ask a server of its makers otherwise.
    "validatorUrl": "none",
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    plugins: [SwaggerUIBundle.plugins.DownloadUrl, SameServer],
  });
};
