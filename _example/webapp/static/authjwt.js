/**
 * fetch for pages whose tokens lie in HttpOnly cookies, which no script can read. It sends the CSRF value with
 * every unsafe request, renews an access token that has run out, once for all tabs, and repeats the request.
 * For authjwt's own style of errors, whose codes it goes by. One file without dependencies: copy it.
 *
 *     import { AuthJWT } from "./authjwt.js";
 *     const auth = new AuthJWT({ base: "/auth" });
 *     await auth.login({ username, password });
 *     const answer = await auth.fetch("/api/notes", { method: "POST", body: JSON.stringify(note) });
 *
 * @typedef {object} Options
 * @property {string} [base] where the routes are mounted: "/auth", "https://api.example.com/auth"; "" by default
 * @property {boolean} [fromAnswers] keep the CSRF values that login and refresh answer, for the API of another
 *   host, whose cookies document.cookie does not show; in localStorage, which all tabs of this origin share
 * @property {string} [accessCookie] Settings.AccessCSRFCookieKey, without CookiePrefix
 * @property {string} [refreshCookie] Settings.RefreshCSRFCookieKey, without CookiePrefix
 * @property {string} [accessHeader] Settings.AccessCSRFHeaderName
 * @property {string} [refreshHeader] Settings.RefreshCSRFHeaderName
 */

const safe = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);
let queue = Promise.resolve(); // stands in for navigator.locks, which pages without TLS lack

/** The value of a cookie that scripts may read, whatever CookiePrefix it has, or "". @param {string} name */
export function getCookie(name) {
  const cookies = document.cookie.split("; ");
  for (const start of [`__Host-${name}=`, `__Secure-${name}=`, `${name}=`]) {
    const found = cookies.find((cookie) => cookie.startsWith(start));
    if (found) return found.slice(start.length);
  }
  return "";
}

export class AuthJWT {
  #options;
  #api; // the origin that gets cookies and CSRF values, and the only one
  #key; // of the lock, and of what is kept
  #refused; // the CSRF value of a refresh token that is good no more

  /** @param {Options} [options] */
  constructor(options) {
    this.#options = {
      base: "", accessCookie: "csrf_access_token", refreshCookie: "csrf_refresh_token",
      accessHeader: "X-CSRF-Token", refreshHeader: "X-CSRF-Token", ...options,
    };
    const base = new URL(this.#options.base || "/", document.baseURI);
    [this.#api, this.#key] = [base.origin, `authjwt ${base}`];
  }

  /**
   * Sends a request as the browser's own fetch does, twice more at the most, and never to another origin than
   * the API's. The answer is the last one: with 401 the user must log in, with 5xx a refresh may have failed.
   * @param {string | URL | Request} input a path is one of the API's
   * @param {RequestInit} [init] @returns {Promise<Response>}
   */
  async fetch(input, init) {
    const home = this.#api === location.origin ? document.baseURI : this.#api;
    const request = new Request(input instanceof Request ? input : new URL(input, home), { ...init, credentials: "include" });
    if (new URL(request.url).origin !== this.#api) throw new TypeError(`${request.url} is not on ${this.#api}`);
    for (let mayRefresh = true, mayReread = true; ; ) {
      const value = this.#value("access");
      const attempt = request.clone(); // a body can be sent once
      if (value && !safe.has(request.method)) attempt.headers.set(this.#options.accessHeader, value);
      const answer = await fetch(attempt);
      const code = await codeOf(answer);
      if (mayRefresh && (code === "token_expired" || (code === "missing_token" && this.#value("refresh")))) {
        mayRefresh = false;
        const renewed = await this.#refresh(value);
        if (renewed === true) continue;
        if (renewed) return renewed;
      } else if (mayReread && (code === "csrf_missing" || code === "csrf_mismatch")) {
        mayReread = false;
        if (await this.#lock(() => this.#isNew(value, 20))) continue; // another tab was refreshing
      }
      return answer;
    }
  }

  /** Logs in. @param {{username: string, password: string}} credentials @returns {Promise<Response>} */
  login(credentials) {
    return this.#lock(() => this.#send("POST", "/login", "", JSON.stringify(credentials)));
  }

  /** Logs out here, whatever state the tokens are in. @returns {Promise<Response>} */
  logout() {
    return this.#lock(async () => {
      const answer = await this.#send("DELETE", "/logout", this.#value("access") ? "access" : "refresh");
      if (answer.ok) localStorage.removeItem(this.#key);
      return answer;
    });
  }

  /** Ends all of the user's sessions, on all devices. @returns {Promise<Response>} */
  async logoutEverywhere() {
    const answer = await this.fetch(this.#options.base + "/logout-all", { method: "POST" });
    if (answer.ok) localStorage.removeItem(this.#key);
    return answer;
  }

  /** Renews the access token, unless another tab has: true if there is a new one, an answer if the server failed. */
  #refresh(old) {
    return this.#lock(async () => {
      const value = this.#value("refresh");
      if (await this.#isNew(old)) return true;
      if (value === this.#refused) return false;
      const answer = await this.#send("POST", "/refresh", "refresh");
      if (answer.status === 401 && value) this.#refused = value;
      return answer.ok || (await this.#isNew(old, answer.status === 403 ? 20 : 1)) || (answer.status >= 500 && answer);
    });
  }

  /** Calls a mounted route, with the CSRF value of that kind or a JSON body, and keeps the values of the answer. */
  async #send(method, path, kind, body) {
    const headers = kind ? { [this.#options[`${kind}Header`]]: this.#value(kind) } : { "Content-Type": "application/json" };
    const signal = AbortSignal.timeout(30_000); // other tabs wait
    const answer = await fetch(this.#options.base + path, { method, headers, body, signal, credentials: "include" });
    if (this.#options.fromAnswers && method === "POST" && answer.ok) {
      const { csrf_access_token: access, csrf_refresh_token: refresh } = await answer.clone().json();
      localStorage.setItem(this.#key, JSON.stringify({ access, refresh: refresh ?? this.#value("refresh") }));
    }
    return answer;
  }

  /** Lets one piece of work run at a time, in all tabs. */
  #lock(work) {
    if (navigator.locks) return navigator.locks.request(this.#key, work);
    return (queue = queue.catch(() => {}).then(work));
  }

  /** The CSRF value of the access or the refresh token, or "". @param {"access" | "refresh"} kind */
  #value(kind) {
    if (this.#options.fromAnswers) return JSON.parse(localStorage.getItem(this.#key) ?? "{}")[kind] ?? "";
    return getCookie(this.#options[`${kind}Cookie`]);
  }

  /** Tells whether there is another value. What another tab has stored, a browser may show a little later. */
  async #isNew(old, tries = 1) {
    const value = this.#value("access");
    const isNew = value !== "" && value !== old;
    if (isNew || tries === 1) return isNew;
    await new Promise((later) => setTimeout(later, 50));
    return this.#isNew(old, tries - 1);
  }
}

/** The code of a refusal, or "". @param {Response} answer */
async function codeOf(answer) {
  if (answer.status !== 401 && answer.status !== 403) return "";
  return answer.clone().json().then((body) => String(body?.code ?? ""), () => "");
}
