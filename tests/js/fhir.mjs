// Answers lines of JSON, each a FHIR resource, with what npm's fhir says of it: {valid, messages}.
import { createInterface } from "node:readline";
import { Fhir } from "fhir";

const fhir = new Fhir();
for await (const line of createInterface({ input: process.stdin })) {
  const { valid, messages } = fhir.validate(JSON.parse(line), { errorOnUnexpected: true });
  console.log(JSON.stringify({ valid, messages: messages.map((one) => `${one.location}: ${one.message}`) }));
}
