// Three people edit one document with real Yjs, partly offline. Lines of JSON on stdout: {"from": person, "update": base64}
// in the order in which a server gets them, and at last {"answers", "rows", "texts", "state"}.
//
//   node yjs_edits.mjs SEED STEPS
import * as Y from "yjs";

const [seed, steps] = process.argv.slice(2).map(Number);
let random = seed >>> 0;
function below(n) {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  return Math.floor((random / 2 ** 32) * n);
}
const pick = (list) => list[below(list.length)];

const ROOTS = ["text:story", "text:plan"];
const PIECES = ["a", "word ", "😀", "héé", "línea\n", "👩‍👩‍👧", "日本", " ", "x".repeat(40)];
const KEYS = ["mood", "done", "list", "name"];
const VALUES = { mood: [0, 3, 10], done: [true, false], list: [["a"], ["a", "b"], []], name: ["Zoë", "", "😀 x"] };

const server = new Y.Doc();
server.clientID = 1;
const people = [0, 1, 2].map((number) => {
  const doc = new Y.Doc();
  doc.clientID = 1000 + seed * 10 + number;
  const person = { number, doc, online: true };
  doc.on("update", (update, origin) => {
    if (origin !== "server" && person.online) deliver(person, update);
  });
  return person;
});

function deliver(from, update) {
  process.stdout.write(JSON.stringify({ from: from.number, update: Buffer.from(update).toString("base64") }) + "\n");
  Y.applyUpdate(server, update);
  for (const other of people) if (other !== from && other.online) Y.applyUpdate(other.doc, update, "server");
}

function reconnect(person) {
  person.online = true;
  const lacked = Y.encodeStateAsUpdate(person.doc, Y.encodeStateVector(server));
  Y.applyUpdate(person.doc, Y.encodeStateAsUpdate(server, Y.encodeStateVector(person.doc)), "server");
  deliver(person, lacked);
}

function boundary(text, at) {
  // never between the halves of a surrogate pair
  return at > 0 && at < text.length && /[\uDC00-\uDFFF]/.test(text[at]) ? at - 1 : at;
}

function edit(person) {
  const { doc } = person;
  const kind = below(10);
  if (kind < 6) {
    const type = doc.getText(pick(ROOTS));
    const text = type.toString();
    const at = boundary(text, below(text.length + 1));
    if (kind < 4 || !text) type.insert(at, pick(PIECES));
    else if (kind === 4) {
      const end = boundary(text, Math.min(text.length, at + 1 + below(8)));
      if (end > at) type.delete(at, end - at);
    } else {
      const end = boundary(text, Math.min(text.length, at + 1 + below(20)));
      if (end > at) type.format(at, end - at, pick([{ bold: true }, { bold: null }, { italic: true }, { header: 2 }, { list: "bullet" }]));
    }
  } else if (kind < 8) {
    const key = pick(KEYS);
    doc.getMap("answers").set(key, pick(VALUES[key]));
  } else if (kind === 8) {
    doc.getMap("answers").delete(pick(KEYS));
  } else {
    const row = `diary.${pick(["a", "b", "c"])}`;
    if (below(3)) doc.getMap("rows").set(row, below(100));
    else doc.getMap("rows").delete(row);
  }
}

for (let step = 0; step < steps; step++) {
  const person = pick(people);
  if (below(25) === 0) {
    if (person.online) person.online = false;
    else reconnect(person);
  }
  if (below(6) === 0) person.doc.transact(() => { edit(person); edit(person); edit(person); });
  else edit(person);
}
for (const person of people) if (!person.online) reconnect(person);
for (const person of people) Y.applyUpdate(person.doc, Y.encodeStateAsUpdate(server), "server");

const seen = people.map(({ doc }) => JSON.stringify([Object.entries(doc.getMap("answers").toJSON()).sort(), ROOTS.map((root) => doc.getText(root).toString())]));
if (new Set(seen).size !== 1) throw new Error("the people do not agree");
process.stdout.write(
  JSON.stringify({
    answers: server.getMap("answers").toJSON(),
    rows: server.getMap("rows").toJSON(),
    texts: Object.fromEntries(ROOTS.map((root) => [root, server.getText(root).toString()])),
    state: Buffer.from(Y.encodeStateAsUpdate(people[0].doc)).toString("base64"),
  }) + "\n",
);
