// A Socket.IO client on a leash: commands come as JSON lines on stdin, what happens goes out as JSON lines on stdout.
//
//   {"op": "connect", "url": ..., "options": {...}}      options of socket.io-client, `auth` among them
//   {"op": "emit", "id": 1, "event": ..., "payload": ...} with an ack, which comes back as {"ack": 1, "data": ...}
//   {"op": "tell", "event": ..., "payload": ...}          without one
//   {"op": "auth", "auth": {...}}                         used from the next (re)connect on
//   {"op": "close"}
//
// Out: {"state": "connect", "transport", "recovered"}, {"state": "disconnect", "reason"},
//      {"state": "connect_error", "message", "data"}, {"event": name, "payload"}, {"ack": id, "data"}
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

let socket;

function say(line) {
  process.stdout.write(JSON.stringify(line) + "\n");
}

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
  const command = JSON.parse(line);
  operations[command.op](command);
});
lines.on("close", () => operations.close());
