// A Socket.IO client on a leash: commands come as JSON lines on stdin, what happens goes out as JSON lines on stdout.
//
//   {"op": "connect", "url": ..., "options": {...}}      options of socket.io-client, `auth` among them
//   {"op": "emit", "id": 1, "event": ..., "payload": ...} with an ack, which comes back as {"ack": 1, "data": ...}
//   {"op": "tell", "event": ..., "payload": ...}          without one
//   {"op": "auth", "auth": {...}}                         used from the next (re)connect on
//   {"op": "close"}
//
// Bytes are {"$bytes": base64}, both ways.
//
// Out: {"state": "connect", "transport", "recovered"}, {"state": "disconnect", "reason"},
//      {"state": "connect_error", "message", "data"}, {"event": name, "payload"}, {"ack": id, "data"}
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

let socket;

function say(line) {
  process.stdout.write(JSON.stringify(line, (_, value) => (isBytes(value) ? { $bytes: base64(value) } : value)) + "\n");
}

// JSON.stringify has called Buffer.toJSON already
const isBytes = (value) => value instanceof Uint8Array || value instanceof ArrayBuffer || value?.type === "Buffer";
const base64 = (value) => Buffer.from(value.type === "Buffer" ? value.data : value).toString("base64");
const withBytes = (_, value) => (typeof value?.$bytes === "string" ? Buffer.from(value.$bytes, "base64") : value);

const operations = {
  connect({ url, options }) {
    socket = io(url, { reconnectionDelay: 100, reconnectionDelayMax: 500, ...options });
    socket.on("connect", () => say({ state: "connect", transport: socket.io.engine.transport.name }));
    socket.on("disconnect", (reason) => say({ state: "disconnect", reason }));
    socket.on("connect_error", (error) => say({ state: "connect_error", message: error.message, data: error.data }));
    socket.onAny((event, payload) => say({ event, payload }));
  },
  emit({ id, event, payload }) {
    socket.emit(event, payload, (data) => say({ ack: id, data }));
  },
  tell({ event, payload }) {
    socket.emit(event, payload);
  },
  auth({ auth }) {
    socket.auth = auth;
  },
  close() {
    socket?.close();
    process.exit(0);
  },
};

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const command = JSON.parse(line, withBytes);
  operations[command.op](command);
});
lines.on("close", () => operations.close());
