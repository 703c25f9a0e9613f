// A moderator's day: cases, their evidence, what is held. What people wrote is only ever set as text.

const part = (name) => document.querySelector(`[data-part=${name}]`);
const words = part("words");
const OUTCOMES = { action_taken: "Close: something was done", no_action: "Close: nothing to do" };
const OF_APPEALS = { upheld: "Close: it was wrong", refused: "Close: it was right" };
let token = "";
let next = null;

async function ask(method, path, body) {
  const headers = { Authorization: `Bearer ${token}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const told = await answer.json();
  if (!answer.ok) throw new Error(`${told.code}: ${told.detail}`);
  return told;
}

function made(tag, text, ...inside) {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  element.append(...inside);
  return element;
}

function button(text, deed) {
  const element = made("button", text);
  element.addEventListener("click", () => tried(deed));
  return element;
}

async function tried(deed) {
  words.textContent = "";
  try {
    await deed();
  } catch (error) {
    words.textContent = error.message;
  }
}

function asked(question) {
  const text = window.prompt(question);
  if (!text) throw new Error("Nothing was done.");
  return text;
}

function table(names, rows) {
  part("head").replaceChildren(made("tr", "", ...names.map((name) => made("th", name))));
  part("rows").append(...rows);
}

function fresh() {
  part("rows").replaceChildren();
  part("case").hidden = true;
}

async function paged(path, query, shown) {
  const found = await ask("GET", `${path}?${new URLSearchParams(query)}`);
  shown(found);
  next = found.next_cursor ? () => paged(path, { ...query, cursor: found.next_cursor }, shown) : null;
  part("more").hidden = next === null;
}

function chosen() {
  const selects = [...document.querySelectorAll("nav select")].filter((one) => one.value);
  return Object.fromEntries(selects.map((one) => [one.name, one.value]));
}

function listCases() {
  fresh();
  return paged("/api/moderation/cases", chosen(), ({ cases }) => table(
    ["Severity", "Kind", "State", "About", "Due", ""],
    cases.map((one) => {
      const cells = [one.severity, one.kind, one.state, one.subject_id, one.due_at].map((text) => made("td", text));
      const row = made("tr", "", ...cells, made("td", "", button("Open", () => openCase(one.case_id))));
      row.dataset.overdue = one.overdue;
      return row;
    }),
  ));
}

function listHeld() {
  fresh();
  return paged("/api/moderation/held", { state: "held" }, ({ held }) => table(
    ["Matched", "What it says", "Sender", "Room", "Since", ""],
    held.map((one) => {
      const told = [one.matched.join(", "), one.message?.body ?? "", one.sender_id, one.room_id, one.created_at];
      const cells = told.map((text) => made("td", text));
      const path = `/api/moderation/held/${one.held_id}`;
      const row = made("tr", "", ...cells, made("td", "",
        button("Open", () => openCase(one.case_id)),
        button("Release", async () => { await ask("POST", `${path}/release`, {}); row.remove(); }),
        button("Reject", async () => {
          await ask("POST", `${path}/reject`, { text: asked("What is the sender told?") });
          row.remove();
        })));
      return row;
    }),
  ));
}

async function openCase(id) {
  const why = asked("Why do you look at it? It is recorded.");
  showCase((await ask("GET", `/api/moderation/cases/${id}?${new URLSearchParams({ why })}`)).case);
}

function quoted(message, near) {
  const quote = made("blockquote", `${message.sender_id}, ${message.sent_at}\n${message.deleted ? "(deleted)" : message.body}`);
  quote.dataset.near = near;
  return quote;
}

function evidenceOf(one) {
  const before = one.versions.map((version) => made("blockquote", `before, ${version.at}\n${version.body}`));
  const near = one.context.map((message) => quoted(message, true));
  return [quoted(one.message, false), ...(one.plaintext ? [made("blockquote", one.plaintext)] : []), ...before, ...near];
}

function showCase(one) {
  const path = `/api/moderation/cases/${one.case_id}`;
  const deed = (text, end, body) => button(text, async () => {
    await ask("POST", `${path}/${end}`, body());
    words.textContent = "Done.";
    await listCases();
  });
  const act = (action, more) => deed(action.replace("_", " "), "act", () => ({ action, ...more() }));
  const closing = (outcome) => () => ({ outcome, text: asked("What was found?") });
  const deeds = made("div", "",
    deed("Take it", "assign", () => ({})),
    deed("Note", "note", () => ({ text: asked("Note") })),
    act("warn", () => ({ text: asked("What are they told?") })),
    act("delete_message", () => ({})),
    act("restrict", () => ({ scope: asked("What may they not do? message, room, call, booking, file").split(/[ ,]+/),
      text: asked("What are they told?") })),
    act("remove_member", () => ({})),
    act("close_conversation", () => ({})),
    act("raise_emergency", () => ({})),
    ...Object.entries(one.kind === "appeal" ? OF_APPEALS : OUTCOMES)
      .map(([outcome, text]) => deed(text, "close", closing(outcome))),
    deed("Confirm", "confirm", () => ({})),
    deed("Reopen", "reopen", () => ({ text: asked("Why?") })));
  deeds.dataset.part = "deeds";
  const lines = one.chain.map((line) => made("li", [line.at, line.what, line.by, line.text].filter(Boolean).join(", ")));
  const article = part("case");
  article.replaceChildren(
    made("h2", `${one.kind}, ${one.severity}, ${one.state}`), deeds,
    ...one.evidence.flatMap(evidenceOf), made("ol", "", ...lines));
  article.hidden = false;
}

part("who").addEventListener("submit", (event) => {
  event.preventDefault();
  token = new FormData(event.target).get("token");
  tried(async () => {
    await listCases();
    part("who").hidden = true;
    part("what").hidden = false;
  });
});
part("cases").addEventListener("click", () => tried(listCases));
part("held").addEventListener("click", () => tried(listHeld));
part("more").addEventListener("click", () => tried(() => next()));
