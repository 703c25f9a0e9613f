// The server of tus that its makers wrote, for comparison: node tus_server.mjs DIRECTORY; says its port.
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";

const server = new Server({ path: "/files", datastore: new FileStore({ directory: process.argv[2] }), relativeLocation: true });
const listening = server.listen(0, "127.0.0.1", () => process.stdout.write(`${listening.address().port}\n`));
