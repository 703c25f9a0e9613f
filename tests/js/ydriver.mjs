// A person who writes with unchanged y-websocket, on a leash: commands come as JSON lines on stdin, what happens goes out
// as JSON lines on stdout.
//
//   {"op": "connect", "url": "ws://.../yjs", "name": ..., "token": ...}
//   {"op": "insert", "root": ..., "at": ..., "text": ...}     {"op": "format", "root", "at", "length", "marks"}
//   {"op": "set", "key": ..., "value": ...}                   {"op": "delete", "key": ...}
//   {"op": "where", "state": {...}}                           its awareness
//   {"op": "tell", "id": 1}            -> {"id": 1, "answers", "texts", "people"}: what its document holds
//   {"op": "offline"} {"op": "online"} {"op": "raw", "bytes": base64} {"op": "close"}
//
// Out: {"status": ...}, {"synced": true}, {"closed": code, "reason"}
import { createInterface } from "node:readline";
import WebSocket from "ws";
import * as Y from "yjs";
import { WebsocketProvider } from "y-websocket";

const doc = new Y.Doc();
let provider;
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");

const operations = {
  connect({ url, name, token }) {
    provider = new WebsocketProvider(url, name, doc, { params: { token }, WebSocketPolyfill: WebSocket, disableBc: true });
    provider.on("status", ({ status }) => say({ status }));
    provider.on("sync", (synced) => say({ synced }));
    provider.on("connection-close", (event) => event && say({ closed: event.code, reason: String(event.reason) }));
  },
  insert({ root, at, text }) {
    doc.getText(root).insert(at, text);
  },
  format({ root, at, length, marks }) {
    doc.getText(root).format(at, length, marks);
  },
  set({ key, value }) {
    doc.getMap("answers").set(key, value);
  },
  delete({ key }) {
    doc.getMap("answers").delete(key);
  },
  where({ state }) {
    for (const [name, value] of Object.entries(state)) provider.awareness.setLocalStateField(name, value);
  },
  tell({ id, roots }) {
    say({
      id,
      number: doc.clientID,
      answers: doc.getMap("answers").toJSON(),
      texts: Object.fromEntries(roots.map((root) => [root, doc.getText(root).toString()])),
      people: Object.fromEntries(provider.awareness.getStates()),
    });
  },
  raw({ bytes }) {
    provider.ws.send(Buffer.from(bytes, "base64"));
  },
  offline() {
    provider.disconnect();
  },
  online() {
    provider.connect();
  },
  close() {
    provider?.destroy();
    process.exit(0);
  },
};

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const command = JSON.parse(line);
  operations[command.op](command);
});
lines.on("close", () => operations.close());
