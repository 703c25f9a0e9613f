// The server of y-websocket, unchanged from npm: `node peer_yjs.mjs PORT [DIRECTORY]`. The peer of worksheets.
//
// Documents lie in memory, and with a directory in LevelDB too (not synced, after the update has been sent on). It asks
// for no token and acknowledges nothing. Packages are found where the tests' JavaScript lives.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const [port, directory] = process.argv.slice(2);
if (directory) process.env.YPERSISTENCE = directory;
const require = createRequire(new URL("../../tests/js/package.json", import.meta.url));
const { setupWSConnection } = require("@y/websocket-server/utils");
const { WebSocketServer } = require("ws");

const http = createServer();
const sockets = new WebSocketServer({ server: http });
sockets.on("connection", setupWSConnection);
http.listen(Number(port), "127.0.0.1");
