// The page /console/notifications: what one was told, what became of it and why, and how one wants to be told. It asks
// whether it may notify only after a press. Whatever people wrote is shown as text; the token is kept nowhere.

const NOTIFICATIONS = "/api/notifications";
const PREFERENCES = `${NOTIFICATIONS}/preferences`;
const PAGE = 20;
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const KEY = "carewire.device";

const part = (name) => document.querySelector(`[data-part="${name}"]`);
const here = { token: "", cursor: null, version: 0, preferences: {}, types: [] };

class Refused extends Error {
  constructor(status, problem) {
    super(problem.message ?? problem.detail ?? problem.title ?? `The server answers ${status}.`);
    this.status = status;
  }
}

async function ask(method, path, body, headers = {}) {
  const answer = await fetch(path, {
    method,
    headers: { Authorization: `Bearer ${here.token}`, ...(body ? { "Content-Type": "application/json" } : {}), ...headers },
    body: body ? JSON.stringify(body) : undefined,
    cache: "no-store",
  });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, told);
  return told;
}

// What a press does: one after the other of them, and what went wrong is said.
function pressed(work) {
  return async (event) => {
    event?.preventDefault();
    say("");
    try {
      await work(event);
    } catch (error) {
      say(error.message);
    }
  };
}

function say(words) {
  part("said").textContent = words;
}

function made(name, members = {}, ...children) {
  const element = Object.assign(document.createElement(name), members);
  element.append(...children);
  return element;
}

// -- the list ---------------------------------------------------------------------------------------------------------

async function look(more = false) {
  const query = new URLSearchParams({ limit: PAGE });
  if (part("only-unread").checked) query.set("unread", "true");
  if (more && here.cursor) query.set("cursor", here.cursor);
  const page = await ask("GET", `${NOTIFICATIONS}?${query}`);
  const lines = page.notifications.map(line);
  if (more) part("list").append(...lines);
  else part("list").replaceChildren(...lines);
  here.cursor = page.next_cursor ?? null;
  part("more").hidden = here.cursor === null;
  part("unread").textContent = page.unread ? `(${page.unread})` : "";
}

function line(one) {
  const why = made("div", { hidden: true });
  const deed = (verb) => pressed(() => ask("POST", `${NOTIFICATIONS}/${one.id}/${verb}`, {}).then(() => look()));
  const item = made(
    "li",
    {},
    made("h3", { textContent: one.count > 1 ? `${one.title} (${one.count})` : one.title }),
    made("p", { textContent: one.body }),
    made("time", { dateTime: one.created_at, textContent: new Date(one.created_at).toLocaleString() }),
    " ",
    one.read_at
      ? made("button", { textContent: "Unread", onclick: deed("unread") })
      : made("button", { textContent: "Read", onclick: deed("read") }),
    " ",
    made("button", { textContent: "Archive", onclick: deed("archive") }),
    " ",
    made("button", { textContent: "Why?", onclick: pressed(() => explain(one.id, why)) }),
    ...(one.actions ?? []).flatMap(({ title, link }) => [" ", doing(title, link)]),
    why,
  );
  item.dataset.id = one.id;
  item.dataset.unread = String(!one.read_at);
  return item;
}

// A page that says what it would do, and asks: nothing happens before a press there.
function doing(title, link) {
  const { pathname } = new URL(link, location.origin);
  return made("a", { textContent: title, href: pathname, target: "_blank", rel: "noopener" });
}

async function explain(id, place) {
  const told = await ask("GET", `${NOTIFICATIONS}/${id}/deliveries`);
  const rows = Object.entries(told.why).map(([channel, plan]) => {
    const steps = plan.steps.filter((step) => step.outcome !== "pass" || step.detail);
    const because = steps.map((step) => (step.detail ? `${step.rule}: ${step.detail}` : step.rule)).join("; ");
    const states = told.deliveries.filter((one) => familyOf(one.channel) === channel).map((one) => one.state);
    const until = plan.until ? ` until ${new Date(plan.until).toLocaleString()}` : "";
    return row(channel, plan.verdict + until, states.join(", "), because);
  });
  const head = made("tr", {}, ...["channel", "verdict", "deliveries", "because"].map(headCell));
  place.replaceChildren(made("table", {}, made("thead", {}, head), made("tbody", {}, ...rows)));
  place.hidden = false;
}

function familyOf(channel) {
  return channel === "in_app" || channel === "email" ? channel : "push";
}

function headCell(textContent) {
  return made("th", { textContent, scope: "col" });
}

function row(...texts) {
  return made("tr", {}, ...texts.map((textContent) => made("td", { textContent })));
}

// -- preferences ------------------------------------------------------------------------------------------------------

async function readPreferences() {
  const [preferences, { types }] = await Promise.all([ask("GET", PREFERENCES), ask("GET", `${NOTIFICATIONS}/types`)]);
  Object.assign(here, { preferences, types, version: preferences.version });
  const form = part("preferences");
  const night = preferences.quiet_hours.hours.mon?.[0];
  form.push.checked = preferences.channels.push;
  form.email.checked = preferences.channels.email;
  form.preview.value = preferences.preview;
  form.quiet.checked = preferences.quiet_hours.enabled;
  if (night) [form.from.value, form.to.value] = night;
  form.tz.value = preferences.tz;
  form.digest.value = preferences.digest.email;
  form.at.value = preferences.digest.at;
  part("types").replaceChildren(...types.map(typeRow));
}

function typeRow(type) {
  const chosen = here.preferences.types[type.type] ?? {};
  const box = (channel) => {
    const checked = type.locked ? type.channels[channel] : (chosen[channel] ?? type.channels[channel]);
    const input = made("input", { type: "checkbox", checked, disabled: type.locked });
    Object.assign(input.dataset, { type: type.type, channel });
    input.setAttribute("aria-label", `${type.type} by ${channel}`);
    return made("td", {}, input);
  };
  return made("tr", {}, made("td", { textContent: type.type }), box("push"), box("email"));
}

async function savePreferences() {
  const form = part("preferences");
  const hours = Object.fromEntries(DAYS.map((day) => [day, [[form.from.value, form.to.value]]]));
  const body = {
    channels: { push: form.push.checked, email: form.email.checked },
    preview: form.preview.value,
    quiet_hours: form.quiet.checked ? { enabled: true, hours } : { ...here.preferences.quiet_hours, enabled: false },
    digest: { email: form.digest.value, at: form.at.value || "08:00" },
    types: chosenTypes(),
    ...(form.tz.value ? { tz: form.tz.value } : {}),
  };
  let told = "Saved.";
  try {
    await ask("PUT", PREFERENCES, body, { "If-Match": `"${here.version}"` });
  } catch (error) {
    if (error.status !== 412) throw error;
    told = "They were changed elsewhere meanwhile. This is how they are now: choose again.";
  }
  await readPreferences();
  say(told);
}

// What differs from what is usual, and what was chosen beside push and mail.
function chosenTypes() {
  const types = structuredClone(here.preferences.types);
  for (const input of part("types").querySelectorAll("input:not([disabled])")) {
    const { type, channel } = input.dataset;
    const usual = here.types.find((one) => one.type === type).channels[channel];
    if (input.checked !== usual) types[type] = { ...types[type], [channel]: input.checked };
    else if (types[type]) delete types[type][channel];
  }
  return Object.fromEntries(Object.entries(types).filter(([, chosen]) => Object.keys(chosen).length));
}

// -- this device ------------------------------------------------------------------------------------------------------

function showDevice() {
  const able = "serviceWorker" in navigator && "PushManager" in window;
  const state = able ? Notification.permission : "denied";
  const words = {
    granted: localStorage.getItem(KEY) ? "This device is notified." : "This browser lets us notify.",
    denied: able ? "This browser was told not to let us notify: its settings say so." : "This browser cannot be pushed to.",
    default: "This device is not notified.",
  };
  part("device").textContent = words[state];
  part("allow").disabled = !able || state === "denied";
}

async function allow() {
  const state = await Notification.requestPermission();
  const known = localStorage.getItem(KEY);
  try {
    if (state === "granted") await subscribe(known);
    else if (known) await ask("POST", "/api/push/permission", { device_id: known, state });
  } finally {
    showDevice();
  }
}

async function subscribe(known) {
  await navigator.serviceWorker.register("/push/sw.js", { scope: "/" });
  const registration = await navigator.serviceWorker.ready;
  const { public_key, key_id } = await ask("GET", "/api/push/vapid-key");
  const options = { userVisibleOnly: true, applicationServerKey: bytesOf(public_key) };
  const subscription = (await registration.pushManager.subscribe(options)).toJSON();
  const locale = navigator.language;
  const { device, pull_token } = await ask("POST", "/api/push/subscriptions", {
    subscription,
    key_id,
    locale,
    tz: Intl.DateTimeFormat().resolvedOptions().timeZone,
    permission: "granted",
    ...(known ? { device_id: known } : {}),
  });
  localStorage.setItem(KEY, device.device_id);
  registration.active.postMessage({ type: "carewire.configure", pull_token, locale });
  say("This device is notified from now on.");
}

function bytesOf(text) {
  const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(raw, (character) => character.charCodeAt(0));
}

// -- the page ---------------------------------------------------------------------------------------------------------

async function enter(event) {
  here.token = new FormData(event.target).get("token").trim();
  await Promise.all([look(), readPreferences()]);
  event.target.hidden = true;
  part("inside").hidden = false;
  showDevice();
}

part("enter").addEventListener("submit", pressed(enter));
part("preferences").addEventListener("submit", pressed(savePreferences));
part("allow").addEventListener("click", pressed(allow));
part("refresh").addEventListener("click", pressed(() => look()));
part("more").addEventListener("click", pressed(() => look(true)));
part("only-unread").addEventListener("change", pressed(() => look()));
part("read-all").addEventListener("click", pressed(() => ask("POST", `${NOTIFICATIONS}/read-all`, {}).then(() => look())));
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && here.token) pressed(() => look())();
});
