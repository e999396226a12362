// The page: keeps its rows while what is in them changes, so that the focus stays where it is.

import { follow, look } from "/live.js";
import { duration, eventItem, fillDetail, fillServiceRow, newDetail, newServiceRow } from "/tables.js";

const EVENTS_MAX = 200;

const body = document.querySelector("#services tbody");
const filter = document.getElementById("filter");
const events = document.getElementById("events");
const rows = new Map(); // by the name of the service: { row, detail, service }

function toggle(name) {
  const one = rows.get(name);
  const button = one.row.querySelector("button.open");
  if (one.detail) {
    one.detail.remove();
    one.detail = null;
    button.removeAttribute("aria-controls");
  } else {
    one.detail = newDetail("workers-of-" + name);
    fillDetail(one.detail, one.service);
    one.row.after(one.detail);
    lookAgain(one);
    button.setAttribute("aria-controls", one.detail.id);
  }
  button.setAttribute("aria-expanded", String(one.detail !== null));
}

function showService(service) {
  let one = rows.get(service.name);
  if (!one) {
    one = { row: newServiceRow(service.name, () => toggle(service.name)), detail: null, service };
    rows.set(service.name, one);
    body.append(one.row);
  }
  one.service = service;
  fillServiceRow(one.row, service);
  if (one.detail) lookAgain(one);
}

// Last lines are told of one service alone, and of all others there is no need to know them.
async function lookAgain(one) {
  const view = await look(one.service.name);
  if (one.detail) fillDetail(one.detail, view || one.service);
}

function showFiltered() {
  const wanted = filter.value.trim().toLowerCase();
  let shown = 0;
  for (const [name, one] of rows) {
    const hit = name.toLowerCase().includes(wanted) || one.service.state.includes(wanted);
    one.row.hidden = !hit;
    if (one.detail) one.detail.hidden = !hit;
    shown += hit ? 1 : 0;
  }
  document.getElementById("empty").hidden = shown > 0;
}

function showMaster(view) {
  // As /readyz counts them.
  const wanted = view.services.filter((service) => service.state !== "stopped" && service.type !== "oneshot");
  const all = wanted.length;
  const serving = wanted.filter((service) => service.ready >= service.num).length;
  const applying = view.config_applying ? ", bringing about version " + view.config_applying : "";
  document.getElementById("master").textContent =
    "fectld " + view.version + ", up " + duration(view.uptime_s) + ", configuration " + (view.config_version || 1) +
    applying + ", " + serving + " of " + all + " services complete";
  document.title = (serving === all ? "" : "(" + (all - serving) + ") ") + "fectl";
}

follow({
  status(view) {
    showMaster(view);
    const names = new Set(view.services.map((service) => service.name));
    for (const [name, one] of rows) {
      if (names.has(name)) continue;
      one.row.remove();
      if (one.detail) one.detail.remove();
      rows.delete(name);
    }
    view.services.forEach(showService);
    showFiltered();
  },
  event(record) {
    events.prepend(eventItem(record));
    while (events.children.length > EVENTS_MAX) events.lastElementChild.remove();
  },
  connection(state, words) {
    const shown = document.getElementById("connection");
    if (shown.className === state && shown.textContent === words) return;
    shown.className = state;
    shown.textContent = words;
  },
  notice(words) {
    const shown = document.getElementById("notice");
    shown.textContent = words;
    shown.hidden = false;
  },
});

filter.addEventListener("input", showFiltered);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && document.activeElement !== filter) {
    filter.focus();
    event.preventDefault();
  } else if (event.key === "Escape" && document.activeElement === filter) {
    filter.value = "";
    showFiltered();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const buttons = [...body.querySelectorAll("tr:not([hidden]) > th > button.open")];
    const at = buttons.indexOf(document.activeElement);
    if (at < 0) return;
    const next = buttons[at + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) next.focus();
    event.preventDefault();
  }
});
