// fectl_worker._native: the C++ worker SDK for Python, as thin as it can be.
//
// No Python code runs inside the SDK's callbacks: they only note what the master said, and dispatch() hands
// the notes to Python when the SDK has returned. So an exception of the application never has to cross C++.
//
// Threads: one Worker is used by one thread, as in C++. The GIL is kept: no call blocks.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "worker_sdk/worker.h"

namespace {

namespace py = pybind11;

// Carries a Status to the one exception of the module.
class StatusException : public std::exception {
 public:
  explicit StatusException(absl::Status status)
      : code_(absl::StatusCodeToString(status.code())), text_(status.message()) {}
  const char* what() const noexcept override { return text_.c_str(); }
  const std::string& code() const { return code_; }

 private:
  std::string code_;
  std::string text_;
};

void ThrowIfError(const absl::Status& status) {
  if (!status.ok()) throw StatusException(status);
}

// What the master asked for: the word and its value (seconds for "stop", JSON text for "message").
using Event = std::pair<const char*, std::variant<std::monostate, double, std::string>>;

class NativeWorker {
 public:
  using Variables = fectl::Worker::Variables;

  NativeWorker(const std::optional<Variables>& variables, bool handle_sigterm) {
    const fectl::Worker::Options options = {.handle_sigterm = handle_sigterm};
    auto worker = variables.has_value() ? fectl::Worker::FromVariables(*variables, {}, options)
                                        : fectl::Worker::FromEnvironment({}, options);
    ThrowIfError(worker.status());
    worker_ = *std::move(worker);
    SetCallbacks(/*hear_of_lost_master=*/false);
  }

  fectl::Worker& sdk() { return *worker_; }

  // Without it the SDK turns the loss of the master into a stop.
  void SetCallbacks(bool hear_of_lost_master) {
    fectl::Callbacks callbacks = {
        .on_start =
            [this] {
              events_.push_back({"start", {}});
            },
        .on_pause =
            [this] {
              events_.push_back({"pause", {}});
            },
        .on_resume =
            [this] {
              events_.push_back({"resume", {}});
            },
        .on_stop =
            [this](std::chrono::milliseconds left) {
              events_.push_back({"stop", std::chrono::duration<double>(left).count()});
            },
        .on_master_lost = {},
        .on_message =
            [this](std::string_view json) {
              events_.push_back({"message", std::string(json)});
            },
    };
    if (hear_of_lost_master) callbacks.on_master_lost = [this] { events_.push_back({"master_lost", {}}); };
    worker_->SetCallbacks(std::move(callbacks));
  }

  std::vector<Event> Dispatch() {
    const absl::Status status = worker_->Dispatch();
    if (!status.ok()) events_.push_back({"protocol_error", std::string(status.message())});
    return std::exchange(events_, {});
  }

 private:
  std::unique_ptr<fectl::Worker> worker_;
  std::vector<Event> events_;
};

const char* StateName(fectl::Worker::State state) {
  switch (state) {
    case fectl::Worker::State::kLoading:
      return "loading";
    case fectl::Worker::State::kLoaded:
      return "loaded";
    case fectl::Worker::State::kServing:
      return "serving";
    case fectl::Worker::State::kPaused:
      return "paused";
    case fectl::Worker::State::kStopping:
      return "stopping";
  }
  return "loading";
}

std::optional<double> Seconds(std::optional<std::chrono::milliseconds> time) {
  if (!time.has_value()) return std::nullopt;
  return std::chrono::duration<double>(*time).count();
}

// Python sees WorkerError(text) with the attribute `code`, the name of the absl::StatusCode.
void DefineWorkerError(py::module_& module) {
  static PyObject* const type = PyErr_NewExceptionWithDoc(
      "fectl_worker.WorkerError",
      "What the worker's SDK refuses; `code` names the kind, like INVALID_ARGUMENT.", nullptr, nullptr);
  module.add_object("WorkerError", py::reinterpret_borrow<py::object>(type));
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const StatusException& error) {
      py::object value = py::reinterpret_borrow<py::object>(type)(error.what());
      value.attr("code") = error.code();
      PyErr_SetObject(type, value.ptr());
    }
  });
}

void DefineWorker(py::module_& module) {
  py::class_<fectl::Socket>(module, "Socket")
      .def_readonly("name", &fectl::Socket::name)
      .def_readonly("fd", &fectl::Socket::fd)
      .def_readonly("family", &fectl::Socket::family)
      .def_readonly("type", &fectl::Socket::type)
      .def_readonly("protocol", &fectl::Socket::protocol)
      .def_readonly("app", &fectl::Socket::app)
      .def_readonly("arguments", &fectl::Socket::arguments);

  py::class_<NativeWorker>(module, "Worker")
      .def(py::init<std::optional<NativeWorker::Variables>, bool>(), py::arg("variables") = py::none(),
           py::arg("handle_sigterm") = true)
      .def("hear_of_lost_master", &NativeWorker::SetCallbacks, py::arg("hear"))
      .def("dispatch", &NativeWorker::Dispatch)
      .def_property_readonly("managed", [](NativeWorker& w) { return w.sdk().managed(); })
      .def_property_readonly("service", [](NativeWorker& w) { return w.sdk().service(); })
      .def_property_readonly("index", [](NativeWorker& w) { return w.sdk().index(); })
      .def_property_readonly("lane", [](NativeWorker& w) { return w.sdk().lane(); })
      .def_property_readonly("level", [](NativeWorker& w) { return w.sdk().level(); })
      .def_property_readonly("state", [](NativeWorker& w) { return StateName(w.sdk().state()); })
      .def_property_readonly("master_lost", [](NativeWorker& w) { return w.sdk().master_lost(); })
      .def_property_readonly("time_left", [](NativeWorker& w) { return Seconds(w.sdk().time_left()); })
      .def_property_readonly("poll_fd", [](NativeWorker& w) { return w.sdk().poll_fd(); })
      .def("sockets", [](NativeWorker& w) { return w.sdk().sockets(); })
      .def("poll_timeout_ms", [](NativeWorker& w) { return w.sdk().poll_timeout_ms(); })
      .def("loaded", [](NativeWorker& w) { w.sdk().Loaded(); })
      .def("heartbeat", [](NativeWorker& w) { w.sdk().Heartbeat(); })
      .def("request_reload", [](NativeWorker& w) { w.sdk().RequestReload(); })
      .def("request_restart", [](NativeWorker& w) { w.sdk().RequestRestart(); })
      .def("config_error", [](NativeWorker& w, std::string_view text) { w.sdk().ConfigError(text); })
      .def("status", [](NativeWorker& w, std::string_view text) { w.sdk().Status(text); })
      .def("stopping", [](NativeWorker& w, std::string_view text) { w.sdk().Stopping(text); })
      .def("lease",
           [](NativeWorker& w, double seconds, std::string_view why, int64_t progress) {
             // Longer than any `max_lease`, and not too long for the conversion.
             constexpr double kSecondsMax = 1e9;
             const std::chrono::duration<double> length(std::min(seconds, kSecondsMax));
             w.sdk().Lease(std::chrono::ceil<std::chrono::milliseconds>(length), why, progress);
           })
      .def("end_lease", [](NativeWorker& w) { w.sdk().EndLease(); })
      .def("set_gauge", [](NativeWorker& w, std::string_view name,
                           double value) { ThrowIfError(w.sdk().SetGauge(name, value)); })
      .def("send_message",
           [](NativeWorker& w, std::string_view json) { ThrowIfError(w.sdk().SendMessage(json)); });
}

}  // namespace

PYBIND11_MODULE(_native, module) {
  module.doc() = "The C++ worker SDK; use fectl_worker instead.";
  DefineWorkerError(module);
  DefineWorker(module);
  // os.environ is a copy which Python makes at its start: it does not notice what the SDK has removed.
  module.def("is_in_environment",
             [](const std::string& name) { return std::getenv(name.c_str()) != nullptr; });
  module.attr("EXIT_STARTUP_TIMEOUT") = fectl::Worker::kExitStartupTimeout;
  module.attr("EXIT_INIT_FAILED") = fectl::Worker::kExitInitFailed;
  module.attr("EXIT_BOOT_FAILED") = fectl::Worker::kExitBootFailed;
}
