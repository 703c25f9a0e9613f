// Answers lines of JSON with what survey-core makes of them: {expressions, values} or {survey, values}.
import { createInterface } from "node:readline";
import { ExpressionRunner, Model, settings } from "survey-core";

const plain = (value) => (value === undefined || (typeof value === "number" && !Number.isFinite(value)) ? null : value);

const THROWN = { thrown: true }; // it has no answer of its own

function expressions({ expressions, values }) {
  return expressions.map((one) => {
    try {
      return plain(new ExpressionRunner(one).runValues(structuredClone(values)));
    } catch {
      return THROWN;
    }
  });
}

function survey(asked) {
  try {
    return filledIn(asked);
  } catch {
    return THROWN;
  }
}

function filledIn({ survey, values }) {
  const model = new Model({ clearInvisibleValues: "onHidden", ...survey });
  const isShown = (one) => one.isVisible && one.parent.isVisible && one.page.isVisible;
  for (const one of model.getAllQuestions()) {
    // as people do: in order, what they see
    if (isShown(one) && one.name in values) model.setValue(one.name, structuredClone(values[one.name]));
  }
  const shown = model.getAllQuestions().filter(isShown);
  const missing = shown.filter((one) => one.isRequired && one.isEmpty());
  const calculated = Object.fromEntries(model.calculatedValues.map((one) => [one.name, plain(one.value)]));
  return { visible: shown.map((one) => one.name), missing: missing.map((one) => one.name), calculated, data: model.data };
}

settings.confirmActionAsync = undefined;
console.warn = () => {};
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  console.log(JSON.stringify(asked.survey ? survey(asked) : expressions(asked)));
}
