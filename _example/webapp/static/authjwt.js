/**
 * fetch for pages whose tokens lie in HttpOnly cookies, which no script can read. It sends the CSRF value with
 * every unsafe request, renews an access token that has run out, once for all tabs, and repeats the request.
 * For authjwt's own style of errors, whose codes it goes by. One file without dependencies: copy it.
 *
 * @typedef {object} Options
 * @property {string} [base] where the routes are mounted: "/auth", "https://api.example.com/auth"; "" by default
 * @property {boolean} [fromAnswers] keep the CSRF values of answers in localStorage: document.cookie shows no other host's
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
  #base; // absolute
  #key; // of the lock, and of what is kept
  /** @type {RequestInit} keeps what has the CSRF value on the API's origin, whatever that redirects to */ #guard;
  #refused; // the CSRF value of a refresh token that is good no more

  /** @param {Options} [options] */
  constructor(options) {
    const csrf = { accessCookie: "csrf_access_token", refreshCookie: "csrf_refresh_token" };
    this.#options = { ...csrf, accessHeader: "X-CSRF-Token", refreshHeader: "X-CSRF-Token", ...options };
    this.#base = new URL(this.#options.base || "/", document.baseURI).href.replace(/\/+$/, "");
    this.#key = `authjwt ${this.#base}`;
    this.#guard = new URL(this.#base).origin === location.origin ? { mode: "same-origin" } : { redirect: "error" };
  }

  /**
   * Sends a request as the browser's own fetch does, twice more at the most, and never to another origin than the
   * API's. The answer is the last one: with 401 the user must log in, with 429 or 5xx a refresh may have failed.
   * @param {string | URL | Request} input a path is one of the API's
   * @param {RequestInit} [init] @returns {Promise<Response>}
   */
  async fetch(input, init) {
    const { origin } = new URL(this.#base);
    const home = origin === location.origin ? document.baseURI : origin;
    const request = new Request(input instanceof Request ? input : new URL(input, home), { ...init, credentials: "include" });
    if (new URL(request.url).origin !== origin) throw new TypeError(`${request.url} is not on ${origin}`);
    const { turn } = this.#kept;
    for (let mayRefresh = true, mayReread = true; ; ) {
      const value = this.#value("access");
      const attempt = new Request(request.clone(), safe.has(request.method) ? {} : this.#guard); // a body can be sent once
      if (value && !safe.has(request.method)) attempt.headers.set(this.#options.accessHeader, value);
      const answer = await fetch(attempt);
      const code = await codeOf(answer, request.method);
      if (mayRefresh && (code === "token_expired" || (code === "missing_token" && this.#value("refresh")))) {
        mayRefresh = false;
        const renewed = await this.#refresh(value, turn);
        if (renewed === true) continue;
        if (renewed) return renewed;
      } else if (mayReread && (code === "csrf_missing" || code === "csrf_mismatch")) {
        mayReread = false;
        if (await this.#lock(async () => {}).then(() => this.#becomesNew(value, turn))) continue; // another tab was refreshing
      }
      return answer;
    }
  }

  /** Logs in. @param {{username: string, password: string}} credentials @returns {Promise<Response>} */
  login(credentials) {
    return this.#lock(() => this.#send("POST", "/login", "", JSON.stringify(credentials)));
  }

  /** Logs out here, if one of the CSRF values is known, whatever state the tokens are in. @returns {Promise<Response>} */
  logout() {
    return this.#lock(async () => {
      const answer = await this.#send("DELETE", "/logout", this.#value("access") ? "access" : "refresh");
      return answer.status === 403 ? this.#send("DELETE", "/logout", "refresh") : answer;
    });
  }

  /** Ends all of the user's sessions, on all devices. @returns {Promise<Response>} */
  async logoutEverywhere() {
    const answer = await this.fetch(this.#base + "/logout-all", { method: "POST" });
    if (answer.ok) this.#keep({ turn: Math.random(), access: undefined, refresh: undefined });
    return answer;
  }

  // Renews the access token, unless another tab has: true if there is a new one, an answer if the server failed.
  async #refresh(old, turn) {
    const answer = await this.#lock(async () => {
      const value = this.#value("refresh");
      if (this.#isNew(old, turn)) return true;
      if (this.#kept.turn !== turn || value === this.#refused) return false;
      const answer = await this.#send("POST", "/refresh", "refresh");
      if (answer.status === 401 && value && /^(?!$|token_not_yet_valid)/.test(await codeOf(answer))) this.#refused = value;
      return answer.ok || answer;
    });
    if (typeof answer === "boolean") return answer && this.#kept.turn === turn;
    return answer.status === 401 ? this.#isNew(old, turn) : answer.status === 403 ? this.#becomesNew(old, turn) : answer;
  }

  // Calls a mounted route, with the CSRF value of that kind or a JSON body, and keeps what the answer changes.
  async #send(method, path, kind, body) {
    if (path !== "/refresh") this.#keep({ turn: Math.random() }); // nothing of one user is repeated for the next
    const headers = kind ? { [this.#options[`${kind}Header`]]: this.#value(kind) } : { "Content-Type": "application/json" };
    const signal = AbortSignal.timeout(30_000); // other tabs wait
    const answer = await fetch(this.#base + path, { ...this.#guard, method, headers, body, signal, credentials: "include" });
    if (!this.#options.fromAnswers || !answer.ok) return answer;
    const { csrf_access_token: access, csrf_refresh_token: refresh } = await answer.clone().json().catch(() => ({}));
    this.#keep(method === "POST" ? { access, ...(refresh && { refresh }) } : { access: undefined, refresh: undefined });
    return answer;
  }

  #lock(work) { // lets one piece of work run at a time, in all tabs
    if (navigator.locks) return navigator.locks.request(this.#key, work);
    return (queue = queue.catch(() => {}).then(work));
  }
  #value(kind) { // the CSRF value of the access or the refresh token, or ""
    return this.#options.fromAnswers ? (this.#kept[kind] ?? "") : getCookie(this.#options[`${kind}Cookie`]);
  }
  #isNew(old, turn) { // whether there is another value, of the same login
    const value = this.#value("access");
    return value !== "" && value !== old && this.#kept.turn === turn;
  }

  async #becomesNew(old, turn) { // waits a second: a browser may show a little later what another tab has stored
    const end = performance.now() + 1000;
    while (!this.#isNew(old, turn) && performance.now() < end) await new Promise((later) => setTimeout(later, 50));
    return this.#isNew(old, turn);
  }

  get #kept() { try { return JSON.parse(localStorage.getItem(this.#key)) ?? {}; } catch { return {}; } }
  #keep(values) {
    try { localStorage.setItem(this.#key, JSON.stringify({ ...this.#kept, ...values })); } catch { /* it is off */ }
  }
}

async function codeOf(answer, method) { // the code of a refusal, or ""; an answer to HEAD has none
  if (answer.status === 401 && method === "HEAD") return "missing_token";
  if (![401, 403].includes(answer.status) || !/^application\/json\b/i.test(answer.headers.get("Content-Type") ?? "")) return "";
  return answer.clone().json().then((body) => String(body?.code ?? ""), () => "");
}
