#include "client/watch/watched_name.h"

#include <gtest/gtest.h>

namespace fectl::client {
namespace {

TEST(WatchedName, FilesOfAnApplication) {
  for (const char* name : {"main.py", "__init__.py", "index.html", "a.b.py", "page.jinja2", "page.j2", ".env",
                           ".env.local", "mail.mako", "page.htm", "page.jinja"})
    EXPECT_TRUE(IsWatchedFile(name)) << name;
}

TEST(WatchedName, OtherFiles) {
  for (const char* name : {"main.pyc", "py", ".py", "db.sqlite3", "data.json", "app.log", "main.cc", "env",
                           ".environment", "", "."})
    EXPECT_FALSE(IsWatchedFile(name)) << name;
}

TEST(WatchedName, WhatEditorsMakeBesideTheFile) {
  for (const char* name : {"4913", ".main.py.swp", ".main.py.swx", "main.py~", "#main.py#", ".#main.py",
                           ".main.py.kate-swp", "main.py___jb_tmp___", "main.py___jb_old___",
                           ".goutputstream-A1B2C3", "sedX4bFk2", "main.py.tmp.1234", ".env.swp", ".env.swx",
                           ".env.local.swo", ".env~", ".env.local~", ".env.local.swp", "main.py.bak"})
    EXPECT_FALSE(IsWatchedFile(name)) << name;
}

TEST(WatchedName, Folders) {
  for (const char* name : {"shop", "templates", "tests", "env", "a.b"})
    EXPECT_TRUE(IsWatchedFolder(name)) << name;
  for (const char* name : {".git", ".venv", ".tox", "__pycache__", "node_modules", ".mypy_cache"})
    EXPECT_FALSE(IsWatchedFolder(name)) << name;
}

}  // namespace
}  // namespace fectl::client
