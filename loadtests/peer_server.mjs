// A room server without durability: Node's Socket.IO, as its manual shows it. The peer of the benchmark.
//
//   node loadtests/peer_server.mjs PORT
//
// socket.io is found where the tests' JavaScript lives. It keeps nothing, asks for no token, and answers as Carewire
// does as far as a load client looks.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const require = createRequire(new URL("../tests/js/package.json", import.meta.url));
const { Server } = require("socket.io");

const OK = { ok: true, data: {} };
const http = createServer();
const io = new Server(http);

io.on("connection", (socket) => {
  socket.on("create_room", (_data, ack) => ack(OK));
  socket.on("join_room", (data, ack) => {
    socket.join(data.room_id);
    ack(OK);
  });
  socket.on("message", (data, ack) => {
    io.to(data.room_id).emit("message", data);
    ack?.(OK);
  });
});
http.listen(Number(process.argv[2]), "127.0.0.1");
