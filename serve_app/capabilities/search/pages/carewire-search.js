"use strict";
// The page /console/search. Nothing is kept: not the token, not what was asked. Texts are set as texts.

const at = (id) => document.getElementById(id);
let asked = null;

function marked(text, highlights) {
  const points = Array.from(text); // highlights count code points
  const whole = document.createElement("p");
  let last = 0;
  for (const { start, end } of highlights) {
    whole.append(points.slice(last, start).join(""));
    const mark = document.createElement("mark");
    mark.append(points.slice(start, end).join(""));
    whole.append(mark);
    last = end;
  }
  whole.append(points.slice(last).join(""));
  return whole;
}

function shown(hit) {
  const item = document.createElement("li");
  for (const field of ["title", "snippet"]) {
    if (hit[field]) item.append(marked(hit[field], hit.highlights.filter((one) => one.field === field)));
  }
  const about = document.createElement("small");
  about.append([hit.type, hit.at, hit.next_free ? `free ${hit.next_free}` : "", hit.link].filter(Boolean).join(" · "));
  item.append(about);
  return item;
}

function summary(page) {
  const parts = [`${page.total.exact ? "" : "at least "}${page.total.value} found in ${page.took_ms} ms`];
  for (const one of page.corrected ?? []) parts.push(`${one.from} taken for ${one.to}`);
  if (page.index.building) parts.push("the index is being made");
  if (page.index.excluded_rooms) parts.push(`${page.index.excluded_rooms} rooms are not searched`);
  return parts.join("; ");
}

async function ask(cursor) {
  const query = new URLSearchParams(asked);
  if (cursor) query.set("cursor", cursor);
  const headers = { Authorization: `Bearer ${at("token").value.trim()}` };
  at("more").hidden = true;
  try {
    const response = await fetch(`/api/search?${query}`, { headers });
    const page = await response.json();
    if (!cursor) at("hits").replaceChildren();
    at("told").textContent = response.ok ? summary(page) : page.detail;
    if (!response.ok) return;
    at("hits").append(...page.hits.map(shown));
    at("more").hidden = !page.next_cursor;
    at("more").onclick = () => ask(page.next_cursor);
  } catch {
    at("told").textContent = "The server does not answer.";
  }
}

at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  asked = Object.entries({ q: at("q").value, type: at("type").value }).filter(([, value]) => value);
  ask(null);
});
