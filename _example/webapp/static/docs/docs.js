import { getCookie } from "../authjwt.js";

/** Sends the CSRF value with what the browser adds cookies to: the refresh token's to its route, else the access token's. */
function requestInterceptor(request) {
  const url = new URL(request.url, location.href);
  if (url.origin === location.origin && !/^(GET|HEAD|OPTIONS|TRACE)$/i.test(request.method ?? "GET")) {
    const refreshing = url.pathname === "/auth/refresh";
    request.headers["X-CSRF-Token"] = getCookie(refreshing ? "csrf_refresh_token" : "csrf_access_token");
  }
  return request;
}

window.SwaggerUIBundle({ url: "/openapi.json", dom_id: "#ui", requestInterceptor, displayRequestDuration: true });
