// A worksheet in a page: filled in, saved while one types, handed in as one saw it. Over REST, without a library.
//
// Whoever writes it elsewhere at the same time is heard with the next save: `save_draft` answers with all answers when
// somebody else has changed some. What could not be saved stays in the page, and is sent again with the same name, so
// it is saved once.

const SAVE_MS = 400; // after the last key
const AGAIN_MS = 2000; // after a save that failed

/** Canonical JSON (RFC 8785) of what JSON has. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${members.join(",")}}`;
}

/** What differs between two sets of answers, as `save_draft` takes it. */
export function difference(before, after) {
  const answers = {};
  for (const [key, value] of Object.entries(after)) {
    if (canonical(before[key] ?? null) !== canonical(value)) answers[key] = value;
  }
  return { answers, unset: Object.keys(before).filter((key) => !(key in after)) };
}

const digestOf = async (answers) => {
  if (!globalThis.crypto?.subtle) return undefined; // pages of plain http have none: then nothing is compared
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonical(answers)));
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
};

/** One assignment, by its operations. `base`: of this Carewire; `fetch_`: for tests. */
export class Worksheet {
  constructor(assignment, token, { base = "", fetch_ = fetch.bind(globalThis) } = {}) {
    Object.assign(this, { assignment, token, base, fetch_ });
    this.answers = {};
    this.saved = {};
    this.seq = 0;
    this.under_way = null;
  }

  async ask(method, path, body) {
    const headers = { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" };
    const answer = await this.fetch_(this.base + path, { method, headers, body: body && JSON.stringify(body) });
    const said = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(said.message ?? answer.statusText), said);
    return said;
  }

  of(path = "") {
    return `/api/assignments/${encodeURIComponent(this.assignment)}${path}`;
  }

  async open() {
    this.given = await this.ask("GET", this.of());
    const { worksheet_id, worksheet_version } = this.given;
    this.sheet = await this.ask("GET", `/api/worksheets/${worksheet_id}?version=${worksheet_version}`);
    await this.reload();
    return this.look();
  }

  async reload() {
    const draft = await this.ask("GET", this.of("/draft"));
    Object.assign(this, { answers: draft.answers, seq: draft.seq, attempt: draft.attempt, writable: draft.writable });
    this.saved = structuredClone(draft.answers);
    this.under_way = null;
  }

  /** Save what has changed; again, if it was not answered before. Whether somebody else had changed something. */
  async save() {
    this.under_way ??= { ...difference(this.saved, this.answers), now: structuredClone(this.answers), id: name() };
    const { answers, unset, now, id } = this.under_way;
    if (!Object.keys(answers).length && !unset.length) {
      this.under_way = null;
      return false;
    }
    const body = { answers, unset, base: this.seq, attempt: this.attempt, client_id: id };
    const told = await this.ask("PUT", this.of("/draft"), body).catch((error) => {
      if (!again(error)) this.under_way = null; // refused: what is sent next has another name
      throw error;
    });
    this.under_way = null;
    Object.assign(this, { seq: told.seq, saved_at: told.saved_at, saved: told.answers ?? now });
    if (told.answers) this.answers = { ...told.answers, ...difference(now, this.answers).answers };
    return Boolean(told.answers);
  }

  /** What is shown, missing and wrong, by what is answered by now. */
  look() {
    const { worksheet_id, worksheet_version: version } = this.given;
    return this.ask("POST", `/api/worksheets/${worksheet_id}/evaluate`, { version, answers: this.answers });
  }

  async submit() {
    await this.save();
    const { visible } = await this.look();
    const shown = Object.fromEntries(Object.entries(this.answers).filter(([key]) => visible.includes(key)));
    return this.ask("POST", this.of("/submit"), { attempt: this.attempt, digest: await digestOf(shown) });
  }
}

/** May it work when it is sent again? What never arrived has no code. */
const again = (error) => !error.code || ["unavailable", "rate_limited", "internal"].includes(error.code);

const name = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(36)).join("");

const element = (tag, members = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), members);
  made.append(...children);
  return made;
};

/** A control of a field: the node, how its value is read and set (undefined: nothing is answered), and what is wrong. */
function control(field) {
  const { type, options = [], min, max, step } = field;
  if (type === "choice" || type === "multi_choice") {
    const many = type === "multi_choice";
    const boxes = options.map((option) =>
      Object.assign(element("input", { type: many ? "checkbox" : "radio", name: field.id }), { option: option.value }));
    const lines = options.map((option, at) => element("label", {}, boxes[at], ` ${option.label}`));
    const read = () => boxes.filter((box) => box.checked).map((box) => box.option);
    return {
      node: element("fieldset", {}, element("legend", { textContent: field.label }), ...lines),
      read: () => (many ? (read().length ? read() : undefined) : read()[0]),
      set: (value) => boxes.forEach((box) => (box.checked = [value].flat().includes(box.option))),
    };
  }
  const kinds = { integer: "number", number: "number", scale: "range", boolean: "checkbox", date: "date", time: "time" };
  const input = element(type === "long_text" ? "textarea" : "input");
  if (type !== "long_text") input.type = kinds[type] ?? "text";
  for (const [key, value] of Object.entries({ min, max, step: step ?? (type === "number" ? "any" : undefined) }))
    if (value !== undefined) input[key] = value;
  if (field.max_chars) input.maxLength = field.max_chars;
  const label = element("label", {}, field.label, input);
  if (field.help) label.append(element("small", { textContent: field.help }));
  return {
    node: label,
    read: () => {
      if (type === "boolean") return input.dataset.answered ? input.checked : undefined;
      if (type === "scale" && !input.dataset.answered) return undefined;
      if (input.value === "" || !input.validity.valid) return undefined; // half a number keeps no other answer waiting
      return input.type === "number" || input.type === "range" ? Number(input.value) : input.value;
    },
    set: (value) => {
      if (value !== undefined) input.dataset.answered = "yes";
      else delete input.dataset.answered;
      if (type === "boolean") input.checked = value === true;
      else if (document.activeElement !== input) input.value = value ?? "";
    },
    touched: () => (input.dataset.answered = "yes"),
    wrong: () => (input.validity.valid ? "" : input.validationMessage),
  };
}

/** The page. Groups that come in rows are shown by their label alone: they are filled in by clients with Yjs. */
class Page {
  constructor(main) {
    this.part = (which) => main.querySelector(`[data-part=${which}]`);
    this.form = main.querySelector("form");
    const given = new URLSearchParams(location.hash.slice(1));
    for (const key of ["assignment", "token"]) if (given.has(key)) this.form.elements[key].value = given.get(key);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.told(() => this.open());
    });
    this.part("submit").addEventListener("click", () => this.told(() => this.hand_in()));
    if (given.has("assignment") && given.has("token")) this.told(() => this.open());
  }

  async told(work) {
    try {
      this.part("words").textContent = "";
      await work();
    } catch (error) {
      this.part("words").textContent = error.message;
      if (error.details?.missing) this.mark(error.details.missing);
    }
  }

  async open() {
    const { assignment, token } = this.form.elements;
    this.worksheet = new Worksheet(assignment.value, token.value);
    const look = await this.worksheet.open();
    this.form.hidden = true;
    const { title, schema } = this.worksheet.sheet;
    this.controls = new Map();
    const nodes = schema.fields.map((field) => this.shown(field));
    this.part("sheet").replaceChildren(element("h1", { textContent: title }), ...nodes);
    this.part("submit").hidden = !this.worksheet.writable.length;
    this.fill();
    this.show(look);
  }

  shown(field) {
    if (field.type === "info" || field.type === "group") return element("p", { textContent: field.label });
    const made = control(field);
    const mine = this.worksheet.writable.includes(field.id);
    for (const each of made.node.querySelectorAll("input, textarea")) each.disabled = !mine;
    made.node.addEventListener("input", () => {
      made.touched?.();
      const value = made.read();
      if (value === undefined) delete this.worksheet.answers[field.id];
      else this.worksheet.answers[field.id] = value;
      this.later(SAVE_MS);
    });
    this.controls.set(field.id, made);
    return made.node;
  }

  fill() {
    for (const [id, made] of this.controls) made.set(this.worksheet.answers[id]);
  }

  show({ visible, errors }) {
    for (const [id, made] of this.controls) made.node.hidden = !visible.includes(id);
    const wrong = [...this.controls].filter(([, made]) => made.wrong?.()).map(([id]) => id);
    this.mark([...errors.map((one) => one.field), ...wrong]);
  }

  mark(fields) {
    for (const [id, made] of this.controls) made.node.toggleAttribute("data-wrong", fields.includes(id));
  }

  later(after_ms) {
    clearTimeout(this.timer);
    this.part("state").textContent = "...";
    this.timer = setTimeout(() => this.save(), after_ms);
  }

  async save() {
    try {
      if (await this.worksheet.save()) this.fill();
      this.part("state").textContent = `Saved ${new Date(this.worksheet.saved_at ?? Date.now()).toLocaleTimeString()}`;
      this.show(await this.worksheet.look());
      this.part("words").textContent = "";
    } catch (error) {
      this.part("words").textContent = error.message;
      if (error.code === "conflict") await this.worksheet.reload().then(() => this.fill());
      else if (again(error)) this.later(AGAIN_MS);
    }
  }

  async hand_in() {
    clearTimeout(this.timer);
    const wrong = [...this.controls.values()].find((made) => !made.node.hidden && made.wrong?.());
    if (wrong) throw new Error(wrong.wrong());
    const { version, submitted_at } = await this.worksheet.submit();
    this.part("submit").hidden = true;
    for (const each of this.part("sheet").querySelectorAll("input, textarea")) each.disabled = true;
    this.part("state").textContent = `Handed in (${version}) ${new Date(submitted_at).toLocaleString()}`;
  }
}

const main = globalThis.document?.querySelector("[data-carewire-worksheet]");
if (main) new Page(main);
