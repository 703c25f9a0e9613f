// A room server: Node's Socket.IO, as its manual shows it. The peer of the benchmark.
//
//   node loadtests/peer_server.mjs PORT [MONGODB_URL]
//
// With a database each message is stored (w: 1) before it is sent and acknowledged; without, nothing is kept. It asks
// for no token, and answers as Carewire does as far as a load client looks. socket.io and the driver are found where the
// tests' JavaScript lives.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const require = createRequire(new URL("../tests/js/package.json", import.meta.url));
const { Server } = require("socket.io");

const OK = { ok: true, data: {} };
const [port, url] = process.argv.slice(2);

async function opened() {
  const { MongoClient } = require("mongodb");
  const client = new MongoClient(url, { maxPoolSize: 50, writeConcern: { w: 1 } });
  await client.connect();
  const messages = client.db("peer").collection("messages");
  await messages.createIndex({ room_id: 1, sent_at: -1 });
  return messages;
}

const messages = url ? await opened() : null;
const http = createServer();
const io = new Server(http);

io.on("connection", (socket) => {
  socket.on("create_room", (_data, ack) => ack(OK));
  socket.on("join_room", (data, ack) => {
    socket.join(data.room_id);
    ack(OK);
  });
  socket.on("message", async (data, ack) => {
    if (messages) await messages.insertOne({ ...data, sender: socket.id, sent_at: new Date() });
    io.to(data.room_id).emit("message", data);
    ack?.(OK);
  });
});
http.listen(Number(port), "127.0.0.1");
