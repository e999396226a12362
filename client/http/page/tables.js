// Rows and cells. What workers say becomes text, and nothing but text: textContent everywhere.

const SVG = "http://www.w3.org/2000/svg";

const TONES = {
  running: "good", done: "good", paused: "warn", degraded: "warn", starting: "warn", reloading: "warn",
  restarting: "warn", waiting: "warn", stopping: "warn", crashing: "bad", failed: "bad", stopped: "soft",
};

export function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

export function duration(seconds) {
  if (!(seconds > 0)) return "–";
  if (seconds < 60) return Math.floor(seconds) + " s";
  if (seconds < 3600) return Math.floor(seconds / 60) + " min";
  if (seconds < 86400) return Math.floor(seconds / 3600) + " h " + Math.floor(seconds % 3600 / 60) + " min";
  return Math.floor(seconds / 86400) + " d " + Math.floor(seconds % 86400 / 3600) + " h";
}

function state(word) {
  return element("span", word, "state " + (TONES[word] || "soft"));
}

function readyBar(ready, num) {
  const box = element("div", undefined, "ready");
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", "0 0 100 10");
  picture.setAttribute("preserveAspectRatio", "none");
  picture.setAttribute("aria-hidden", "true");
  for (const [name, width] of [["rest", 100], ["fill", num > 0 ? 100 * Math.min(1, ready / num) : 0]]) {
    const part = document.createElementNS(SVG, "rect");
    part.setAttribute("class", name);
    part.setAttribute("width", String(width));
    part.setAttribute("height", "10");
    picture.append(part);
  }
  box.append(picture, element("span", ready + "/" + num));
  return box;
}

function cell(content, className) {
  const made = element("td", undefined, className);
  made.append(content);
  return made;
}

export function fillServiceRow(row, service) {
  const label = service.name + (service.type ? " (" + service.type + ")" : "");
  const button = row.querySelector("button.open");
  if (button.textContent !== label) button.textContent = label;
  const sockets = service.sockets.map((socket) => socket.address).join(", ") || "–";
  const extra = service.not_taken ? "not taken: " + service.not_taken : service.cause;
  const cells = [
    cell(state(service.state)), cell(readyBar(service.ready, service.num)),
    cell(String(service.restarts), "number"), cell(duration(service.uptime_s), "number"), cell(sockets),
    cell(extra || "–", "words"),
  ];
  while (row.children.length > 1) row.lastElementChild.remove();
  row.append(...cells);
}

export function newServiceRow(name, onToggle) {
  const row = element("tr");
  const head = element("th");
  head.scope = "row";
  const button = element("button", name, "open");
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", onToggle);
  head.append(button);
  row.append(head);
  return row;
}

function gauges(worker) {
  return Object.entries(worker.gauges || {}).map(([name, value]) => name + " " + value).join(", ");
}

function workerRow(worker) {
  const row = element("tr");
  const head = element("th", String(worker.index));
  head.scope = "row";
  const beat = worker.beat_age_s > 0 ? worker.beat_age_s.toFixed(1) + " s" : "–";
  const busy = worker.busy ? "busy: " + worker.busy + ". " : "";
  const says = busy + [worker.note, worker.cause].filter(Boolean).join("; ");
  row.append(head, cell(state(worker.state)), cell(worker.pid ? String(worker.pid) : "–", "number"),
    cell(duration(worker.uptime_s), "number"), cell(beat, "number"), cell(String(worker.restarts), "number"),
    cell(gauges(worker) || "–", "words"), cell(says || "–", "words"));
  return row;
}

export function fillDetail(row, service) {
  const table = element("table");
  table.setAttribute("aria-label", "Workers of " + service.name);
  const head = element("tr");
  for (const [title, className] of [["Worker", ""], ["State", ""], ["Process", "number"], ["Uptime", "number"],
    ["Heartbeat", "number"], ["Restarts", "number"], ["Numbers", ""], ["Says", ""]]) {
    const column = element("th", title, className);
    column.scope = "col";
    head.append(column);
  }
  const top = element("thead");
  top.append(head);
  const body = element("tbody");
  body.append(...(service.workers || []).map(workerRow));
  table.append(top, body);
  const parts = [table];
  for (const worker of service.workers || []) {
    if (!worker.last_lines) continue;
    parts.push(element("h3", "Last lines of worker " + worker.index), element("pre", worker.last_lines));
  }
  row.firstElementChild.replaceChildren(...parts);
}

export function newDetail(id) {
  const row = element("tr", undefined, "detail");
  const inside = element("td");
  inside.colSpan = 7;
  row.id = id;
  row.append(inside);
  return row;
}

export function eventItem(record) {
  const item = element("li");
  if (record.type === "gap") {
    item.append(element("span", ""), element("span", "gap", "warn"), element("span", ""),
      element("span", "events " + record.from + " to " + record.to + " are gone"));
    return item;
  }
  const when = new Date(record.t);
  const time = element("time", when.toLocaleTimeString([], { hour12: false }));
  time.dateTime = when.toISOString();
  time.title = when.toLocaleString();
  const data = record.data || {};
  const words = Object.entries(data).filter(([name]) => name !== "why").map(([name, value]) => name + "=" + value);
  const place = record.service ? record.service + (record.worker ? "[" + record.worker + "]" : "") : "";
  const tone = /\.(failed|lost|hung|crashing|unkillable|refused|dropped)$/.test(record.type) ? "bad" : "";
  item.append(time, element("span", record.type, tone), element("span", place),
    element("span", [data.why, words.join(" ")].filter(Boolean).join("; ")));
  return item;
}
