#include "client/status_text.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/text/last_lines.h"
#include "client/text/table.h"
#include "client/text/terminal_text.h"
#include "client/text/time_text.h"
#include "proto_spec/base/printable.h"

namespace fectl::client {
namespace {

// More fill the screen and hide the workers; --json gives all.
constexpr size_t kEventsShownMax = 20;

std::string Count(int64_t value) {
  return value < 0 ? "-" : std::to_string(value);
}

std::string Uptime(double seconds) {
  return seconds > 0 ? ShortDuration(seconds) : "-";
}

std::string Addresses(const proto::ServiceView& view, bool with_names) {
  std::string text;
  for (const proto::SocketView& socket : view.sockets) {
    if (!text.empty()) text += with_names ? ", " : ",";
    text += base::EscapeForTerminal(socket.address);
    if (with_names) text += " (" + base::EscapeForTerminal(socket.name) + ")";
  }
  return text;
}

// A gauge as a person would write it: 12, 0.25, 1.5e+09.
std::string Gauge(double value) {
  char text[32];
  if (std::fabs(value) < 1e15 && value == std::floor(value)) {
    snprintf(text, sizeof text, "%.0f", value);
  } else {
    snprintf(text, sizeof text, "%.4g", value);
  }
  return text;
}

std::string Gauges(const proto::WorkerView& worker) {
  std::string text;
  for (const auto& [name, value] : worker.gauges) {
    text += (text.empty() ? "" : "  ") + base::EscapeForTerminal(name) + "=" + Gauge(value);
  }
  return text;
}

std::string CauseOf(const proto::WorkerView& worker) {
  std::string text = base::EscapeForTerminal(worker.cause);
  if (worker.state == "waiting" && worker.retry_in_s > 0) {
    const int64_t ms = static_cast<int64_t>(std::min(worker.retry_in_s, 1e9) * 1000);
    text += (text.empty() ? "" : "; ") + std::string("next try in ") + SpokenDuration(ms);
  }
  return text;
}

// "told to leave 12 s ago, 18 s left".
std::string TimeOf(const proto::LeavingView& leaving) {
  const auto spoken = [](double seconds) {
    return SpokenDuration(static_cast<int64_t>(std::clamp(seconds, 0.0, 1e9) * 1000));
  };
  return "told to leave " + spoken(leaving.leaving_s) + " ago, " +
         (leaving.time_left_s > 0 ? spoken(leaving.time_left_s) + " left" : "killed");
}

// "busy: model load, 41 s left".
std::string BusyText(const proto::WorkerView& worker) {
  if (!(worker.busy_left_s > 0)) return "";
  const auto ms = static_cast<int64_t>(std::min(worker.busy_left_s, 1e9) * 1000);
  const std::string with = worker.busy.empty() ? "busy, " : "busy: " + worker.busy + ", ";
  return with + SpokenDuration(ms) + " left";
}

void AppendLine(std::string_view head, const std::string& text, std::string* out) {
  if (text.empty()) return;
  std::string line(head);
  line.resize(12, ' ');
  *out += line + text + "\n";
}

std::string WorkersText(const proto::ServiceView& view, bool colours_on) {
  Table table({"WORKER", "PID", "STATE", "UPTIME", "RESTARTS", "LAST CAUSE"});
  for (const proto::WorkerView& worker : view.workers) {
    const std::string pid = worker.pid > 0 ? std::to_string(worker.pid) : "";
    table.AddRow({{std::to_string(worker.index), Colour::kNone, true},
                  {pid, Colour::kNone, true},
                  {base::EscapeForTerminal(worker.state), StateColour(worker.state)},
                  {Uptime(worker.uptime_s), Colour::kNone, true},
                  {Count(worker.restarts), Colour::kNone, true},
                  {CauseOf(worker)}});
    table.AddNote(base::EscapeForTerminal(BusyText(worker)));
    table.AddNote(base::EscapeForTerminal(worker.note));
    for (const std::string& line : MarkedLines(worker.last_lines)) table.AddNote(line);
    table.AddNote(Gauges(worker));
    for (const proto::LeavingView& leaving : worker.leaving_processes) {
      table.AddRow({{std::to_string(worker.index), Colour::kNone, true},
                    {std::to_string(leaving.pid), Colour::kNone, true},
                    {"leaving", StateColour("leaving")},
                    {Uptime(leaving.uptime_s), Colour::kNone, true},
                    {"", Colour::kNone, true},
                    {TimeOf(leaving)}});
    }
  }
  return table.empty() ? "" : "\n" + table.Render(colours_on);
}

std::string LeavingText(const proto::ServiceView& view) {
  std::string out;
  for (const proto::WorkerView& worker : view.workers) {
    if (!worker.leaving_processes.empty())
      continue;  // in the table of workers, but a fectld of 1.0.0 has none
    for (const int64_t pid : worker.leaving) {
      out += "  " + std::to_string(pid) + " (was worker " + std::to_string(worker.index) + ")\n";
    }
  }
  return out.empty() ? "" : "\nReplaced, finishing their work:\n" + out;
}

std::string EventsText(const proto::ServiceView& view) {
  if (view.events.empty()) return "";
  const size_t first = view.events.size() > kEventsShownMax ? view.events.size() - kEventsShownMax : 0;
  std::string out = "\nRecent events";
  if (first > 0) {
    out +=
        " (the last " + std::to_string(kEventsShownMax) + " of " + std::to_string(view.events.size()) + ")";
  }
  Table table({"TIME", "WORKER", "PID", "EVENT", "REASON"});
  for (size_t i = first; i < view.events.size(); ++i) {
    const proto::EventView& event = view.events[i];
    table.AddRow({{UtcTime(static_cast<double>(event.timestamp))},
                  {std::to_string(event.worker), Colour::kNone, true},
                  {event.pid > 0 ? std::to_string(event.pid) : "", Colour::kNone, true},
                  {base::EscapeForTerminal(event.state)},
                  {base::EscapeForTerminal(event.reason)}});
  }
  return out + ":\n" + table.Render(false);
}

// "8 workers, where the configuration says 4; by user 0 at 2026-11-27T18:00:00Z".
std::string ScaledText(const proto::ServiceView& view) {
  if (view.file_num == 0) return "";
  return std::to_string(view.num) + (view.num == 1 ? " worker" : " workers") +
         ", where the configuration says " + std::to_string(view.file_num) + "; by " +
         base::EscapeForTerminal(view.scaled_by) + " at " + UtcTime(static_cast<double>(view.scaled_at));
}

std::string LabelsText(const proto::ServiceView& view) {
  std::string text;
  for (const std::string& label : view.labels)
    text += (text.empty() ? "" : ", ") + base::EscapeForTerminal(label);
  return text;
}

std::string WorkersThatServe(const proto::ServiceView& view) {
  std::string text = std::to_string(view.ready) + " of " + std::to_string(view.num) +
                     (view.num == 1 ? " worker serves" : " workers serve");
  const auto paused = std::count_if(view.workers.begin(), view.workers.end(),
                                    [](const proto::WorkerView& worker) { return worker.state == "paused"; });
  return paused == 0 ? text : text + ", " + std::to_string(paused) + " paused";
}

}  // namespace

std::string OverviewText(const proto::MasterView& view, bool colours_on) {
  if (view.services.empty()) return "no services are configured\n";
  Table table({"SERVICE", "STATE", "READY", "RESTARTS", "UPTIME", "LISTENING", "LAST CAUSE"});
  for (const proto::ServiceView& service : view.services) {
    const bool oneshot = service.type == "oneshot";
    const std::string ready =
        oneshot ? "-" : std::to_string(service.ready) + "/" + std::to_string(service.num);
    // Fewer than configured serve, and nobody has stopped them.
    const bool runs =
        service.state == "running" || service.state == "degraded" || service.state == "crashing";
    const bool short_of_workers = runs && service.ready < service.num;
    table.AddRow({{base::EscapeForTerminal(service.name)},
                  {base::EscapeForTerminal(service.state), StateColour(service.state)},
                  {ready, short_of_workers ? Colour::kYellow : Colour::kNone, true},
                  {Count(service.restarts), Colour::kNone, true},
                  {Uptime(service.uptime_s), Colour::kNone, true},
                  {Addresses(service, false)},
                  {base::EscapeForTerminal(service.cause)}});
  }
  return table.Render(colours_on);
}

std::string ConfigurationText(const proto::MasterView& view, const std::vector<std::string>& newer) {
  std::string out;
  for (const proto::ServiceView& service : view.services) {
    const std::string name = base::EscapeForTerminal(service.name);
    if (const std::string scaled = ScaledText(service); !scaled.empty()) out += name + ": " + scaled + "\n";
    if (!service.not_taken.empty()) out += name + ": " + base::EscapeForTerminal(service.not_taken) + "\n";
  }
  for (const std::string& file : newer)
    out += base::EscapeForTerminal(file) + " is newer than what runs (fectl plan)\n";
  return out.empty() ? "" : "\n" + out;
}

std::string ServiceText(const proto::ServiceView& view, bool colours_on) {
  std::string out;
  AppendLine("Service", base::EscapeForTerminal(view.name), &out);
  AppendLine("State",
             Paint(base::EscapeForTerminal(view.state), StateColour(view.state), colours_on) +
                 (view.type == "oneshot" ? ", a oneshot" : ", " + WorkersThatServe(view)),
             &out);
  if (view.uptime_s > 0) AppendLine("Uptime", ShortDuration(view.uptime_s), &out);
  if (view.restarts >= 0) AppendLine("Restarts", std::to_string(view.restarts), &out);
  AppendLine("Listening", Addresses(view, true), &out);
  if (view.config_version > 1) AppendLine("Version", std::to_string(view.config_version), &out);
  AppendLine("Scaled", ScaledText(view), &out);
  AppendLine("Labels", LabelsText(view), &out);
  AppendLine("Not applied", base::EscapeForTerminal(view.not_taken), &out);
  AppendLine("Last cause", base::EscapeForTerminal(view.cause), &out);
  return out + WorkersText(view, colours_on) + LeavingText(view) + EventsText(view);
}

std::string WhatIsNotWell(const proto::ServiceView& view) {
  // A reload replaces workers that serve, and is no trouble as long as they do.
  const bool serves = view.state == "running" || view.state == "reloading" || view.state == "restarting";
  if (serves && view.ready >= view.num) return "";
  if (view.type == "oneshot" && view.state != "failed") return "";
  std::string text = base::EscapeForTerminal(view.name) + ": " + base::EscapeForTerminal(view.state) + ", " +
                     WorkersThatServe(view);
  if (!view.cause.empty()) text += ": " + base::EscapeForTerminal(view.cause);
  return text;
}

}  // namespace fectl::client
