const steps = [["day", 86400], ["hour", 3600], ["minute", 60]];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const browsers = [
  ["Edge", /\bEdg(A|iOS)?\//], ["Opera", /\bOPR\//], ["Samsung Internet", /\bSamsungBrowser\//], ["Firefox", /\b(Firefox|FxiOS)\//],
  ["Chrome", /\b(Headless)?Chrome\/|\bCriOS\//], ["Safari", /\bVersion\/.* Safari\//],
];
const systems = [
  ["Android", /\bAndroid\b/], ["iPhone", /\(iPhone;/], ["iPad", /\(iPad;/], ["ChromeOS", /\bCrOS\b/],
  ["Windows", /\bWindows NT\b/], ["Mac", /\bMacintosh\b/], ["Linux", /\bLinux\b/],
];

/** A user agent in words; what is none of the well-known browsers as it is. @param {string} [agent] @returns {string} */
export function agentName(agent = "") {
  const [browser, system] = [browsers, systems].map((names) => names.find(([, pattern]) => pattern.test(agent))?.[0]);
  return agent.startsWith("Mozilla/5.0 (") && browser && system ? `${browser} on ${system}` : agent || "Unknown device";
}

/** How long ago something was. @param {number} seconds @returns {string} */
export function ago(seconds) {
  const [unit, length] = steps.find(([, length]) => seconds >= length) ?? [];
  return unit ? relative.format(-Math.floor(seconds / length), unit) : "just now";
}

/** The card "Your devices". All that it shows is text, for a user agent is what any client says. */
export class Devices {
  #card; #auth; #page;
  #turn = 0; // of the lists that were asked for
  #visit = 0; // of a user

  /** @param {Element} card @param {import("./authjwt.js").AuthJWT} auth @param {{now(): number, ended(): void, logout(): void}} page */
  constructor(card, auth, page) {
    [this.#card, this.#auth, this.#page] = [card, auth, page];
  }

  /** Asks for the list, and shows it. */
  async refresh() {
    const turn = ++this.#turn; // an older answer shows nothing
    const answer = await this.#auth.fetch("/api/sessions").catch(() => null); // the network's mistakes
    const list = answer?.ok ? await answer.json().catch(() => null) : null;
    if (turn !== this.#turn) return;
    if (answer?.status === 401) return this.#page.ended();
    if (list) this.#show(list.sessions, list.this);
    this.#find(".problem").textContent = list ? "" : "The list cannot be read now.";
  }

  /** Forgets the list, and what was asked. */
  clear() {
    this.#turn++;
    this.#visit++;
    this.#find("[role=status]").textContent = this.#find(".problem").textContent = "";
    this.#find("ul").replaceChildren();
  }

  /** Shows how long ago they were active. */
  tick() {
    for (const time of this.#card.querySelectorAll(".active")) {
      const text = ago((this.#page.now() - new Date(time.dateTime)) / 1000);
      if (time.textContent !== text) time.textContent = text;
    }
  }

  // This device stands first, the others as they began: a button that another device moves is soon the wrong one.
  #show(sessions, here) {
    const list = this.#find("ul");
    const focused = list.contains(document.activeElement) && document.activeElement.closest("li");
    const begun = (a, b) => (a.created ?? "").localeCompare(b.created ?? "") || a.id.localeCompare(b.id);
    sessions.sort((a, b) => (b.id === here) - (a.id === here) || begun(a, b));
    const old = new Map([...list.children].map((row) => [row.dataset.id, row]));
    const rows = sessions.map((session) => this.#fill(old.get(session.id) ?? newRow(), session, session.id === here));
    const same = rows.length === old.size && rows.every((row, i) => row === list.children[i]);
    if (!same) list.replaceChildren(...rows); // which takes the focus away
    this.tick();
    if (same || !focused) return;
    const place = focused.isConnected ? focused.querySelector("button") : this.#find("h2"); // not the next button: Enter would end that one, too
    place.focus({ preventScroll: true });
  }

  #fill(row, { id, created, last_refresh: active, client_address: address, user_agent: agent }, here) {
    const find = (selector) => row.querySelector(selector);
    const name = agentName(agent);
    const begun = created && new Date(created).toLocaleString();
    row.dataset.id = id;
    find(".agent").textContent = name;
    find(".agent").title = agent ?? "";
    find(".pill").hidden = !here;
    find(".address").textContent = address ?? "";
    find(".active").dateTime = active ?? "";
    find(".begun").dateTime = created ?? "";
    find(".begun").textContent = begun ?? "";
    find(".active").parentElement.hidden = !active; // what is not known
    find(".begun").parentElement.hidden = !created;
    const button = find("button");
    button.textContent = here ? "Log out" : "End session";
    button.ariaLabel = [here ? "Log out this device" : `End session: ${name}`, address, begun && `begun ${begun}`].filter(Boolean).join(", ");
    button.onclick = () => (here ? this.#page.logout() : this.#end(id, name));
    return row;
  }

  async #end(id, name) {
    const visit = this.#visit;
    const answer = await this.#auth.fetch(`/api/sessions/${encodeURIComponent(id)}`, { method: "DELETE" }).catch(() => null);
    if (visit !== this.#visit) return; // who asked has logged out
    if (answer?.status === 401) return this.#page.ended();
    const over = answer?.ok || answer?.status === 404; // by another device
    this.#find("[role=status]").textContent = over ? `Ended: ${name}` : "The session could not be ended. Try again.";
    await this.refresh();
  }

  #find(selector) {
    return this.#card.querySelector(selector);
  }
}

function newRow() {
  return document.querySelector("#device").content.firstElementChild.cloneNode(true);
}
