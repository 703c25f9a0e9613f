// Says what is wrong with the AsyncAPI document that comes on stdin: JSON lines of {"where", "what"}, none for a good one.
// The official parser judges the document, Ajv the examples by their schemas, this engine's RegExp the patterns.
import { Parser } from "@asyncapi/parser";
import Ajv from "ajv";
import { text } from "node:stream/consumers";

const ERROR = 0;
const WARNING = 1;

function say(where, what) {
  process.stdout.write(JSON.stringify({ where, what }) + "\n");
}

function* patternsOf(node, where = "") {
  if (node === null || typeof node !== "object") return;
  for (const [name, value] of Object.entries(node)) {
    if (name === "pattern" && typeof value === "string") yield [where, value];
    yield* patternsOf(value, `${where}/${name}`);
  }
}

const source = await text(process.stdin);
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
