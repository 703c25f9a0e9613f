// Uploads a file by a client of tus, and says where it went: node tus.mjs (tus|uppy) URL TOKEN FILE NAME CHUNK
import { createReadStream, readFileSync, statSync } from "node:fs";
import * as tus from "tus-js-client";

const [, , client, endpoint, token, path, name, chunk] = process.argv;
const headers = { Authorization: `Bearer ${token}` };
let file = "";

function seen(response) {
  file = response.getHeader("Carewire-File") ?? file;
}

function finish(error) {
  process.stdout.write(JSON.stringify({ file, error: error ? String(error.message ?? error) : null }) + "\n");
  process.exit(error ? 1 : 0);
}

if (client === "tus") {
  const upload = new tus.Upload(createReadStream(path), {
    endpoint,
    headers,
    chunkSize: Number(chunk),
    uploadSize: statSync(path).size,
    metadata: { filename: name, filetype: "text/plain" },
    retryDelays: [100, 200, 400, 800, 1000, 1000, 1000, 1000, 1000, 1000],
    onAfterResponse: (_, response) => seen(response),
    onError: finish,
    onSuccess: () => finish(),
  });
  upload.start();
} else {
  const { default: Uppy } = await import("@uppy/core");
  const { default: Tus } = await import("@uppy/tus");
  const uppy = new Uppy({ autoProceed: false });
  uppy.use(Tus, { endpoint, headers, chunkSize: Number(chunk), onAfterResponse: (_, response) => seen(response) });
  const data = Object.assign(readFileSync(path), { size: statSync(path).size }); // node has no files of browsers
  uppy.addFile({ name, type: "text/plain", data });
  const result = await uppy.upload();
  finish(result.failed.length ? result.failed[0].error : undefined);
}
