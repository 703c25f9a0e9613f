// Carewire's reference service worker: it wakes up when a push comes, pulls what is new, shows it, and says what became
// of it. A push itself tells nothing but a number: what it is about is pulled over TLS, with a token that is good for
// nothing else. Where it cannot pull, it shows what the push says, or words that tell nothing.
//
// A page registers it and hands it what it needs:
//
//   const registration = await navigator.serviceWorker.register("/push/sw.js", { scope: "/" });
//   (await navigator.serviceWorker.ready).active.postMessage({ type: "carewire.configure", pull_token, locale });

const PULL = "/api/push/pull";
const RECEIPTS = "/api/push/receipts";
const PATIENCE_MS = 8000;
const MOST_SHOWN = 4; // of one push; more become one line
const WORDS = {
  en: {
    title: "Carewire",
    body: "There is something new for you.",
    many: (count) => `${count} new notifications`,
    calls: "Somebody is calling you.",
    emergency: "Somebody needs help now.",
    messages: "You have a new message.",
    appointments: "There is news about an appointment.",
  },
  de: {
    title: "Carewire",
    body: "Es gibt etwas Neues für Sie.",
    many: (count) => `${count} neue Benachrichtigungen`,
    calls: "Jemand ruft Sie an.",
    emergency: "Jemand braucht jetzt Hilfe.",
    messages: "Sie haben eine neue Nachricht.",
    appointments: "Es gibt Neues zu einem Termin.",
  },
};

// What it remembers between two pushes: { pull_token, locale, after }.
const memory = {
  open() {
    return new Promise((resolve, reject) => {
      const request = indexedDB.open("carewire-push", 1);
      request.onupgradeneeded = () => request.result.createObjectStore("kept");
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  },
  async run(mode, work) {
    const database = await this.open();
    try {
      return await new Promise((resolve, reject) => {
        const transaction = database.transaction("kept", mode);
        const request = work(transaction.objectStore("kept"));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onerror = () => reject(transaction.error);
      });
    } finally {
      database.close();
    }
  },
  async get() {
    return (await this.run("readonly", (store) => store.get("config"))) ?? { after: 0 };
  },
  set(config) {
    return this.run("readwrite", (store) => store.put(config, "config"));
  },
};

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => {
  if (event.data?.type === "carewire.configure") {
    const { pull_token, locale, after } = event.data;
    event.waitUntil(configure({ pull_token, locale, ...(after === undefined ? {} : { after }) }));
  }
});

// One push after the other: two that come together must not pull the same twice.
let last = Promise.resolve();
self.addEventListener("push", (event) => {
  last = last.then(() => pushed(read(event.data))).catch((error) => console.error("carewire", error));
  event.waitUntil(last);
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(pressed(event.notification, event.action));
});
self.addEventListener("notificationclose", (event) => {
  event.waitUntil(receipt(event.notification.data?.d, "dismissed"));
});

async function configure(changes) {
  await memory.set({ ...(await memory.get()), ...changes });
}

function read(data) {
  try {
    const payload = data.json();
    return payload?.v === 1 ? payload : {};
  } catch {
    return {};
  }
}

async function pushed(push) {
  if (push.k === "take_back" || push.k === "ring_end") return takeBack(push);
  const config = await memory.get();
  const words = wordsOf(config);
  const fresh = await pull(config, push);
  if (fresh === null || fresh.length === 0) {
    await show(push.title ?? words.title, push.body ?? words[push.t] ?? words.body, push, {});
  } else if (fresh.length > MOST_SHOWN) {
    await show(words.title, words.many(fresh.length), push, { tag: "carewire-many", data: { link: "/" } });
  } else {
    for (const one of fresh) await showNotification(one, push);
  }
  await receipt(push.d, "displayed");
}

// What came after the last one shown; null: it cannot be had. What was read meanwhile is not shown.
async function pull(config, push) {
  if (!config.pull_token) return null;
  const after = Math.min(config.after ?? 0, (push.n ?? Infinity) - 1);
  const query = new URLSearchParams({ after: Math.max(after, 0), pull_token: config.pull_token });
  try {
    const answer = await fetch(`${PULL}?${query}`, { signal: AbortSignal.timeout(PATIENCE_MS), cache: "no-store" });
    if (!answer.ok) return null;
    const { notifications, next } = await answer.json();
    await configure({ after: Math.max(config.after ?? 0, next) });
    const wanted = notifications.filter((one) => one.seq > (config.after ?? 0) || one.seq === push.n);
    return wanted.filter((one) => !one.read_at && !one.archived_at);
  } catch {
    return null;
  }
}

function showNotification(one, push) {
  const tag = one.subject ? `${one.subject.kind}:${one.subject.id}` : one.id;
  const actions = (one.actions ?? []).map(({ id, title }) => ({ action: id, title }));
  const links = Object.fromEntries((one.actions ?? []).map(({ id, link }) => [id, link]));
  const data = { link: one.link ?? "/", links, id: one.id };
  return show(one.title, one.body, { ...push, n: one.seq, t: one.category }, { tag, actions, data });
}

function show(title, body, push, options) {
  const tag = options.tag ?? (push.n === undefined ? "carewire" : `carewire-${push.n}`);
  return self.registration.showNotification(title, {
    body,
    lang: options.lang,
    actions: options.actions ?? [],
    tag,
    renotify: push.u === "high",
    requireInteraction: push.k === "ring" || push.t === "emergency",
    silent: push.u === "very-low" || push.u === "low",
    data: { ...options.data, n: push.n, d: push.d, t: push.t },
  });
}

async function takeBack(push) {
  for (const shown of await self.registration.getNotifications()) {
    if (shown.data?.n === push.n) shown.close();
  }
}

async function pressed(notification, action) {
  const { d, link, links } = notification.data ?? {};
  await receipt(d, action ? "action" : "opened", action);
  const target = new URL((action && links?.[action]) || link || "/", self.location.origin);
  if (target.origin !== self.location.origin) return self.clients.openWindow("/");
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const open = windows.find((one) => new URL(one.url).pathname === target.pathname);
  return open ? open.focus() : self.clients.openWindow(target.href);
}

async function receipt(delivery, event, action) {
  const { pull_token } = await memory.get();
  if (!delivery || !pull_token) return;
  const body = JSON.stringify({ receipts: [{ delivery_id: delivery, event, ...(action ? { action } : {}) }], pull_token });
  const headers = { "Content-Type": "application/json" };
  await fetch(RECEIPTS, { method: "POST", headers, body, keepalive: true }).catch(() => {});
}

function wordsOf(config) {
  return WORDS[(config.locale ?? self.navigator?.language ?? "en").slice(0, 2)] ?? WORDS.en;
}
