import { AuthJWT, getCookie } from "./authjwt.js";
import { Devices } from "./devices.js";

const show = observe(window.fetch); // before anything is sent
const auth = new AuthJWT({ base: "/auth" });
const $ = (selector) => document.querySelector(selector);
const state = { token: null, skew: 0, renewals: 0, socket: null, turn: 0 };
const ended = "Your session has ended.";
const devices = new Devices($("#devices"), auth, { now, ended: () => signedOut(ended), logout });

/** Lists every request of the page, those that authjwt.js makes by itself, too. */
function observe(fetch) {
  window.fetch = async (input, init) => {
    const request = new Request(input, init);
    const answer = await fetch(request);
    const body = answer.ok ? {} : await answer.clone().json().catch(() => ({}));
    show(request.method, new URL(request.url).pathname, answer.status, body.code ?? "");
    return answer;
  };
  return (method, path, status, code) => {
    const row = $("#request").content.cloneNode(true);
    row.querySelector(".method").textContent = method;
    row.querySelector(".path").textContent = path;
    row.querySelector(".status").textContent = status;
    row.querySelector(".status").classList.add(status < 400 ? "good" : "bad");
    row.querySelector("span").textContent = code;
    $("#wire ol").prepend(row);
    while ($("#wire ol").children.length > 8) $("#wire ol").lastElementChild.remove();
  };
}

/** Asks who is logged in, and shows it. */
async function refreshView() {
  const turn = ++state.turn; // an answer that a later question or a logout has overtaken shows nothing
  const answer = await auth.fetch("/api/me").catch(() => null); // the network's mistakes
  if (turn !== state.turn) return;
  if (answer?.status === 401) return signedOut(state.token || $("#problem").textContent === ended ? ended : ""); // another device may have ended it
  if (!answer?.ok) return signedOut("The server cannot tell who you are. Try again.");
  const [{ user, claims, now: clock }, cookies] = await Promise.all([answer.json(), receivedCookies()]);
  if (turn !== state.turn) return;
  if (state.token && state.token.jti !== claims.jti && state.token.sid === claims.sid) state.renewals++;
  else if (state.token?.sid !== claims.sid) state.renewals = 0;
  state.token = claims;
  state.skew = clock - Date.now();
  $("#user").textContent = user;
  $("#fresh").textContent = claims.fresh ? "fresh" : "not fresh";
  $("#session").textContent = claims.sid.slice(-8);
  $("#renewals").textContent = state.renewals;
  $("#claims dl").replaceChildren(...Object.entries(claims).flatMap(describe));
  showCookies(cookies);
  $("#signed-out").hidden = true;
  $("#signed-in").hidden = false;
  tick();
  connect();
  await devices.refresh();
}

function describe([name, value]) {
  const [term, text] = [document.createElement("dt"), document.createElement("dd")];
  term.textContent = name;
  const date = /^(exp|iat|nbf|session_exp|session_iat)$/.test(name);
  text.textContent = date ? new Date(value * 1000).toLocaleString() : String(value);
  return [term, text];
}

/** Asks which cookies the server gets. */
async function receivedCookies() {
  return (await (await fetch("/auth/cookies")).json()).cookies;
}

/** Compares what the server gets with what document.cookie shows. */
function showCookies(cookies) {
  const rows = cookies.sort().map((name) => {
    const row = document.createElement("tr");
    const value = getCookie(name);
    const [head, seen] = [row.insertCell(), row.insertCell()];
    head.append(Object.assign(document.createElement("code"), { textContent: name }));
    seen.textContent = value || "nothing: HttpOnly";
    seen.className = value ? "seen" : "hidden-value";
    return row;
  });
  $("#cookies tbody").replaceChildren(...rows);
}

/** The server's time. */
function now() {
  return Date.now() + state.skew;
}

/** Shows the seconds that are left. */
function tick() {
  if (!state.token) return;
  const left = state.token.exp - now() / 1000;
  $("#left").textContent = left > 0 ? `${Math.ceil(left)} s left` : "run out";
  $("#life").value = Math.max(0, left / (state.token.exp - state.token.iat));
  devices.tick();
}

/** Opens the WebSocket, which the server closes when the token counts no more. The next call renews it: here, a question who is logged in. */
function connect() {
  if (state.socket) return;
  const socket = (state.socket = new WebSocket(new URL("/api/live", location.href.replace(/^http/, "ws"))));
  const tell = (text) => ($("#live").textContent = `socket ${text}`);
  socket.onmessage = ({ data }) => tell(`says ${JSON.parse(data).left} s`);
  socket.onclose = ({ code }) => {
    if (state.socket !== socket) return;
    tell(`closed, ${code}`);
    state.socket = null;
    if (state.token && code === 1008) refreshView(); // or it was a logout elsewhere
  };
}

function signedOut(problem = "") {
  state.turn++;
  state.token = null;
  state.socket?.close();
  state.socket = null;
  $("#problem").textContent = problem;
  $("#notes").replaceChildren();
  devices.clear();
  $("#signed-in").hidden = true;
  $("#signed-out").hidden = false;
}

async function listNotes(answer) {
  if (answer.status === 401) return signedOut(ended);
  const { notes, detail } = await answer.json();
  const texts = notes ?? [detail];
  $("#notes").replaceChildren(...texts.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  if (state.token) await refreshView();
}

$("#login").onsubmit = async (event) => {
  event.preventDefault();
  const answer = await auth.login(Object.fromEntries(new FormData(event.target)));
  if (answer.ok) return refreshView();
  signedOut((await answer.json()).detail);
};
$("#note").onsubmit = async (event) => {
  event.preventDefault();
  const body = JSON.stringify(Object.fromEntries(new FormData(event.target)));
  event.target.reset();
  await listNotes(await auth.fetch("/api/notes", { method: "POST", headers: { "Content-Type": "application/json" }, body }));
};
$("#get").onclick = async () => listNotes(await auth.fetch("/api/notes"));
$("#logout").onclick = logout;
$("#logout-all").onclick = async () => leave(await auth.logoutEverywhere());

async function logout() {
  leave(await auth.logout());
}

async function leave(answer) {
  if (answer.status === 401) answer = await auth.logout(); // the session has ended already: the cookies are to go
  signedOut(answer.ok ? "" : "The server could not end your session. Try again.");
}

document.addEventListener("visibilitychange", () => document.hidden || refreshView()); // another tab may have logged out
setInterval(tick, 250);
await refreshView();
