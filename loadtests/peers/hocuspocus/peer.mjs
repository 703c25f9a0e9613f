// Hocuspocus, unchanged from npm, with its documents in SQLite: `node peer.mjs PORT DIRECTORY`. A peer of worksheets.
//
// What its SQLite extension does, by the SQLite that Node has (the extension's needs a compiler): a document is stored
// whole, two seconds after it was changed and ten at the latest. It asks for no token.
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Database } from "@hocuspocus/extension-database";
import { Server } from "@hocuspocus/server";

const [port, directory] = process.argv.slice(2);
const sqlite = new DatabaseSync(join(directory, "documents.sqlite"));
sqlite.exec('CREATE TABLE IF NOT EXISTS "documents" ("name" varchar(255) NOT NULL, "data" blob NOT NULL, UNIQUE(name))');
const found = sqlite.prepare('SELECT data FROM "documents" WHERE name = ? ORDER BY rowid DESC');
const stored = sqlite.prepare(
  'INSERT INTO "documents" ("name", "data") VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET data = excluded.data',
);
const database = new Database({
  fetch: async ({ documentName }) => found.get(documentName)?.data ?? null,
  store: async ({ documentName, state }) => stored.run(documentName, state),
});
await new Server({ port: Number(port), address: "127.0.0.1", quiet: true, extensions: [database] }).listen();
