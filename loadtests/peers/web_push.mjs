// The peer of browsers' pushes in Node: `node web_push.mjs PORT COUNT AT_ONCE`, with web-push of npm.
// Prints the CPU of a push in microseconds, and pushes a second.
import { createECDH, randomBytes } from "node:crypto";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../tests/js/", import.meta.url));
const webpush = require("web-push");
const https = require("node:https");
const http = require("node:http");
https.request = (options, answered) => http.request({ ...options, protocol: "http:" }, answered); // the service of the bench has no TLS

const [port, count, atOnce] = process.argv.slice(2).map(Number);
const { publicKey, privateKey } = webpush.generateVAPIDKeys();
webpush.setVapidDetails("mailto:ops@carewire.test", publicKey, privateKey);
const browser = createECDH("prime256v1");
browser.generateKeys();
const keys = { p256dh: browser.getPublicKey().toString("base64url"), auth: randomBytes(16).toString("base64url") };
const agent = new http.Agent({ keepAlive: true, maxSockets: atOnce });
const payload = JSON.stringify({ v: 1, n: 7, d: "dlv_01KAFZ3NHG1JQ2V8S5T6W7X9YZ", t: "appointments", u: "normal" });

async function run(total) {
  let left = total;
  const worker = async () => {
    while (left-- > 0) {
      await webpush.sendNotification({ endpoint: `https://127.0.0.1:${port}/push/d1`, keys }, payload, { agent, TTL: 60 });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

await run(atOnce * 2);
const before = process.cpuUsage();
const begun = performance.now();
await run(count);
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ cpu_us: (user + system) / count, per_s: (count / (performance.now() - begun)) * 1000 }));
