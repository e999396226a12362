#include "master/config/check.h"

#include <string>

#include "gtest/gtest.h"
#include "master/config/config.h"
#include "master/config/load_result.h"

namespace fectl::config {
namespace {

LoadResult WithServices(const std::vector<std::string>& names) {
  LoadResult result;
  result.file = "f";
  for (const std::string& name : names) {
    ServiceConfig service;
    service.name = name;
    result.config.services.push_back(service);
    result.service_labels.push_back("service[" + std::to_string(result.config.services.size()) + "]");
  }
  return result;
}

void AddSocket(SocketConfig socket, LoadResult* result) {
  result->config.sockets.push_back(std::move(socket));
  result->socket_labels.push_back("socket[" + std::to_string(result->config.sockets.size()) + "]");
}

SocketConfig Tcp(const std::string& host, int port, SocketProto proto = SocketProto::kTcp4) {
  SocketConfig socket;
  socket.host = host;
  socket.port = port;
  socket.proto = proto;
  return socket;
}

std::string ProblemsOfAddresses(const std::vector<SocketConfig>& sockets) {
  LoadResult result = WithServices({"web"});
  for (const SocketConfig& socket : sockets) AddSocket(socket, &result);
  CheckConsistency(true, &result);
  return result.Describe();
}

TEST(CheckConsistency, NothingToSayOfWhatFits) {
  EXPECT_EQ(ProblemsOfAddresses({}), "");
  EXPECT_EQ(ProblemsOfAddresses({Tcp("127.0.0.1", 80), Tcp("127.0.0.2", 80), Tcp("127.0.0.1", 81)}), "");
  EXPECT_EQ(ProblemsOfAddresses({Tcp("", 80), Tcp("", 80, SocketProto::kTcp6)}), "");
  EXPECT_EQ(ProblemsOfAddresses({Tcp("", 0), Tcp("", 0)}), "");
}

TEST(CheckConsistency, AnAddressIsBoundOnce) {
  EXPECT_NE(ProblemsOfAddresses({Tcp("a", 80), Tcp("A", 80)}), "");
  EXPECT_NE(ProblemsOfAddresses({Tcp("", 80), Tcp("a", 80)}), "");
  EXPECT_NE(ProblemsOfAddresses({Tcp("a", 80), Tcp("", 80)}), "");
  EXPECT_NE(ProblemsOfAddresses({Tcp("a", 80), Tcp("b", 80), Tcp("0.0.0.0", 80)}), "");
  EXPECT_NE(ProblemsOfAddresses({Tcp("::", 80, SocketProto::kTcp6), Tcp("::1", 80, SocketProto::kTcp6)}), "");
}

TEST(CheckConsistency, PathsAreComparedWithoutWhatChangesNothing) {
  const auto unix_socket = [](const std::string& path) {
    SocketConfig socket;
    socket.proto = SocketProto::kUnix;
    socket.path = path;
    return socket;
  };
  EXPECT_EQ(ProblemsOfAddresses({unix_socket("a"), unix_socket("b")}), "");
  EXPECT_NE(ProblemsOfAddresses({unix_socket("a"), unix_socket("./a")}), "");
  EXPECT_NE(ProblemsOfAddresses({unix_socket(".//fectld.sock")}), "");
}

TEST(CheckConsistency, WhatMayBeInAnUnreadablePartIsNotMissed) {
  LoadResult nothing = WithServices({});
  CheckConsistency(false, &nothing);
  EXPECT_TRUE(nothing.ok());
  CheckConsistency(true, &nothing);
  EXPECT_FALSE(nothing.ok());

  LoadResult result = WithServices({"web"});
  SocketConfig socket;
  socket.services = {"api"};
  AddSocket(socket, &result);
  CheckConsistency(false, &result);
  EXPECT_TRUE(result.ok());
  CheckConsistency(true, &result);
  EXPECT_FALSE(result.ok());

  // A service whose name is wrong may be the one.
  LoadResult unnamed = WithServices({"web", ""});
  AddSocket(socket, &unnamed);
  CheckConsistency(true, &unnamed);
  EXPECT_TRUE(unnamed.ok());
}

TEST(CheckConsistency, ManySectionsTakeNoSquareOfTime) {
  LoadResult result = WithServices({});
  for (int i = 0; i < 20'000; ++i) {
    ServiceConfig service;
    service.name = "s" + std::to_string(i);
    result.config.services.push_back(service);
    result.service_labels.push_back("service." + service.name);
    SocketConfig socket = Tcp("10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256), 80);
    socket.name = service.name;
    socket.services = {service.name};
    AddSocket(socket, &result);
  }
  CheckConsistency(true, &result);
  EXPECT_TRUE(result.ok());
}

}  // namespace
}  // namespace fectl::config
