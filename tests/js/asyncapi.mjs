// Judges AsyncAPI documents, one a line on stdin, and says for each what is wrong with it: a line with a JSON array of
// {"where", "what"}, empty for a good one. The official parser judges the document, Ajv the examples by their schemas,
// this engine's RegExp the patterns.
import { Parser } from "@asyncapi/parser";
import Ajv from "ajv";
import { createInterface } from "node:readline";

const ERROR = 0;
const WARNING = 1;

function* patternsOf(node, where = "") {
  if (node === null || typeof node !== "object") return;
  for (const [name, value] of Object.entries(node)) {
    if (name === "pattern" && typeof value === "string") yield [where, value];
    yield* patternsOf(value, `${where}/${name}`);
  }
}

async function complaints(source) {
  const found = [];
  const say = (where, what) => found.push({ where, what });
  const { document, diagnostics } = await new Parser().parse(source);
  for (const { severity, path, message } of diagnostics) {
    if (severity === ERROR || severity === WARNING) say(path.join("/"), message);
  }
  if (document !== undefined && document.version() !== "3.0.0") say("asyncapi", `is version ${document.version()}`);
  const ajv = new Ajv({ strict: false, validateFormats: false });
  for (const message of document?.allMessages().all() ?? []) {
    try {
      const fits = ajv.compile(message.payload().json());
      for (const example of message.examples().all()) {
        if (!fits(example.payload())) say(`${message.id()}/examples`, ajv.errorsText(fits.errors));
      }
    } catch (error) {
      say(`${message.id()}/payload`, error.message);
    }
  }
  for (const [where, pattern] of patternsOf(JSON.parse(source))) {
    try {
      new RegExp(pattern, "u");
    } catch (error) {
      say(where, error.message);
    }
  }
  return found;
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await complaints(line)) + "\n");
}
