#include "master/platform/files/folder_entry.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "master/platform/testing/test_folder.h"

namespace fectl::platform {
namespace {

TEST(FolderEntry, LooksWithoutFollowing) {
  const TestFolder folder;
  folder.Write("file", "text");
  std::filesystem::create_symlink(folder / "file", folder / "link");
  const auto file = FolderEntry::Open(folder / "file");
  const auto link = FolderEntry::Open(folder / "link");
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(link.ok());
  EXPECT_TRUE(S_ISREG(file->Look()->st_mode));
  EXPECT_TRUE(S_ISLNK(link->Look()->st_mode));
  EXPECT_FALSE(link->Is(*file->Look()));
  EXPECT_FALSE(FolderEntry::Open(folder / "nothing")->Look().has_value());
}

TEST(FolderEntry, RemovesOnlyTheSameInode) {
  const TestFolder folder;
  folder.Write("file", "text");
  folder.Write("other", "text");
  const auto file = FolderEntry::Open(folder / "file");
  const auto other = FolderEntry::Open(folder / "other");
  file->RemoveIf(*other->Look());
  EXPECT_EQ(folder.size(), 2u);
  file->RemoveIf(*file->Look());
  EXPECT_EQ(folder.size(), 1u);
}

// Somebody puts another folder in its place between the two looks.
TEST(FolderEntry, StaysWithTheFolderItOpened) {
  const TestFolder folder;
  std::filesystem::create_directory(folder / "a");
  std::filesystem::create_directory(folder / "b");
  folder.Write("a/file", "mine");
  folder.Write("b/file", "a stranger's");
  const auto entry = FolderEntry::Open(folder / "a/file");
  ASSERT_TRUE(entry.ok());
  std::filesystem::rename(folder / "a", folder / "c");
  std::filesystem::create_symlink(folder / "b", folder / "a");
  entry->RemoveIf(*entry->Look());
  EXPECT_FALSE(std::filesystem::exists(folder / "c/file"));
  EXPECT_EQ(folder.Read("b/file"), "a stranger's");
}

TEST(FolderEntry, SaysWhatIsWrong) {
  const TestFolder folder;
  EXPECT_EQ(FolderEntry::Open(folder / "no/file").status().message(),
            "the folder " + folder.path() + "/no: No such file or directory");
  folder.Write("file", "");
  EXPECT_EQ(FolderEntry::Open(folder / "file/x").status().message(),
            "the folder " + folder.path() + "/file: Not a directory");
  for (const char* path : {"", "/", "x/", ".", "x/.."}) {
    EXPECT_EQ(FolderEntry::Open(path).status().message(), "the path does not name a file") << path;
  }
}

TEST(FolderEntry, TakesNamesWithoutAFolder) {
  const auto here = FolderEntry::Open("some-name");
  ASSERT_TRUE(here.ok());
  EXPECT_STREQ(here->name(), "some-name");
  const auto root = FolderEntry::Open("/some-name");
  ASSERT_TRUE(root.ok());
  EXPECT_FALSE(root->Look().has_value());
}

}  // namespace
}  // namespace fectl::platform
