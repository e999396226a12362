#include "master/logger/link/link_messages.h"

#include <concepts>
#include <cstring>
#include <type_traits>
#include <utility>

namespace fectl::logger {
namespace {

// One function for each message names its members in order, for both directions.
template <typename Archive, typename Message>
void Members(Archive& a, Message& m) {
  using M = std::remove_const_t<Message>;
  if constexpr (std::same_as<M, ReaderGrant>) {
    a(m.logs), a(m.group), a(m.id);
  } else if constexpr (std::same_as<M, Writer>) {
    a(m.service), a(m.worker), a(m.generation), a(m.pid), a(m.stream);
  } else if constexpr (std::same_as<M, Settings>) {
    a(m.folder), a(m.socket), a(m.grants), a(m.total_bytes), a(m.keep_free_bytes), a(m.keep_free_percent);
  } else if constexpr (std::same_as<M, ServiceSettings>) {
    a(m.service), a(m.name), a(m.to), a(m.folder), a(m.json), a(m.max_size), a(m.max_age_s), a(m.compress);
    a(m.line_max), a(m.journald_socket), a(m.syslog_socket), a(m.facility), a(m.block);
  } else if constexpr (std::same_as<M, PipeGiven> || std::same_as<M, PipeEnded>) {
    a(m.writer);
  } else if constexpr (std::same_as<M, ServiceGone>) {
    a(m.service);
  } else if constexpr (std::same_as<M, EventGiven>) {
    a(m.sequence), a(m.json);
  } else if constexpr (std::same_as<M, IncidentPiece>) {
    a(m.id), a(m.last), a(m.bytes);
  } else if constexpr (std::same_as<M, LastWanted>) {
    a(m.question), a(m.service), a(m.worker), a(m.generation);
  } else if constexpr (std::same_as<M, ReopenFiles>) {
    a(m.streams);
  } else if constexpr (std::same_as<M, EventsKept>) {
    a(m.sequence);
  } else if constexpr (std::same_as<M, IncidentsThere>) {
    a(m.newest);
  } else if constexpr (std::same_as<M, LastGiven>) {
    a(m.question), a(m.lines);
  } else if constexpr (std::same_as<M, Said>) {
    a(m.error), a(m.text);
  } else if constexpr (std::same_as<M, Dropped>) {
    a(m.service), a(m.lines), a(m.why);
  } else {
    static_assert(std::is_empty_v<M>);
  }
}

template <typename T>
concept Plain = std::is_arithmetic_v<T> || std::is_enum_v<T>;

class Writing {
 public:
  explicit Writing(std::string* out) : out_(*out) {}

  template <typename T>
  void operator()(const T& value) {
    if constexpr (Plain<T>) {
      out_.append(reinterpret_cast<const char*>(&value), sizeof value);
    } else if constexpr (std::same_as<T, std::string>) {
      (*this)(static_cast<uint64_t>(value.size()));
      out_ += value;
    } else {
      Members(*this, value);
    }
  }
  template <typename T>
  void operator()(const std::vector<T>& values) {
    (*this)(static_cast<uint64_t>(values.size()));
    for (const T& value : values) (*this)(value);
  }

 private:
  std::string& out_;
};

class Reading {
 public:
  explicit Reading(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  void operator()(T& value) {
    if constexpr (Plain<T>) {
      if (!Has(sizeof value)) return;
      std::memcpy(&value, bytes_.data(), sizeof value);
      bytes_.remove_prefix(sizeof value);
    } else if constexpr (std::same_as<T, std::string>) {
      uint64_t size = 0;
      (*this)(size);
      if (!Has(size)) return;
      value = bytes_.substr(0, size);
      bytes_.remove_prefix(size);
    } else {
      Members(*this, value);
    }
  }
  template <typename T>
  void operator()(std::vector<T>& values) {
    uint64_t size = 0;
    (*this)(size);
    for (uint64_t i = 0; i < size && good_; ++i) (*this)(values.emplace_back());
  }
  bool done() const { return good_ && bytes_.empty(); }

 private:
  bool Has(uint64_t bytes) { return good_ = good_ && bytes <= bytes_.size(); }

  std::string_view bytes_;
  bool good_ = true;
};

template <typename Message>
std::string EncodeAny(const Message& message) {
  std::string bytes(1, static_cast<char>(message.index()));
  Writing write(&bytes);
  std::visit([&write](const auto& m) { write(m); }, message);
  return bytes;
}

template <typename Message, size_t index = 0>
std::optional<Message> DecodeAny(size_t wanted, std::string_view bytes) {
  if constexpr (index == std::variant_size_v<Message>) {
    return std::nullopt;
  } else {
    if (index != wanted) return DecodeAny<Message, index + 1>(wanted, bytes);
    std::variant_alternative_t<index, Message> message;
    Reading read(bytes);
    read(message);
    if (!read.done()) return std::nullopt;
    return Message(std::move(message));
  }
}

}  // namespace

std::string Encode(const ToLogger& message) {
  return EncodeAny(message);
}

std::string Encode(const ToMaster& message) {
  return EncodeAny(message);
}

std::optional<ToLogger> DecodeToLogger(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  return DecodeAny<ToLogger>(static_cast<unsigned char>(bytes.front()), bytes.substr(1));
}

std::optional<ToMaster> DecodeToMaster(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  return DecodeAny<ToMaster>(static_cast<unsigned char>(bytes.front()), bytes.substr(1));
}

}  // namespace fectl::logger
