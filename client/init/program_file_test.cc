#include "client/init/program_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fectl::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ProgramFile, KnowsWorkersByTheSdk) {
  const std::string worker = "\177ELF..FECTL_PROC_IDX..FECTL_SRV_NAME..";
  EXPECT_EQ(KindOfProgram("web", worker), ProgramKind::kWorker);
  EXPECT_EQ(KindOfProgram("web", "\177ELF..FECTL_PROC_IDX"), ProgramKind::kOther);
  EXPECT_EQ(KindOfProgram("web", "#!/bin/sh\necho FECTL_PROC_IDX FECTL_SRV_NAME\n"), ProgramKind::kOther);
}

TEST(ProgramFile, IsNoProgram) {
  EXPECT_EQ(KindOfProgram("web", ""), ProgramKind::kNone);
  EXPECT_EQ(KindOfProgram("notes.txt", "hello"), ProgramKind::kNone);
  EXPECT_EQ(KindOfProgram("fectld", "\177ELF"), ProgramKind::kNone);
  EXPECT_EQ(KindOfProgram("libshop.so", "\177ELF"), ProgramKind::kNone);
  EXPECT_EQ(KindOfProgram("libshop.so.1", "\177ELF"), ProgramKind::kNone);
}

TEST(ProgramFile, ReadsTheNamesOfSockets) {
  EXPECT_THAT(SocketsAskedFor("w->FindSocket(\"http\"); w->FindSocket(\"admin\"); w->FindSocket(\"http\")"),
              ElementsAre("http", "admin"));
  EXPECT_THAT(SocketsAskedFor("FindSocket(name) FindSocket(\"\") FindSocket(\"open"), IsEmpty());
}

}  // namespace
}  // namespace fectl::client
