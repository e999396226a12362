#include "client/init/python_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fectl::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Found(std::string_view source) {
  std::vector<std::string> words;
  for (const NamedApplication& one : ApplicationsIn(source)) words.push_back(one.name + " " + one.framework);
  return words;
}

TEST(PythonSource, KnowsWhatFrameworksMake) {
  EXPECT_THAT(Found("from fastapi import FastAPI\n\napi = FastAPI()\n"), ElementsAre("api FastAPI"));
  EXPECT_THAT(Found("import fastapi\napp: fastapi.FastAPI = fastapi.FastAPI(\n    title=''\n)\n"),
              ElementsAre("app FastAPI"));
  EXPECT_THAT(Found("app = Flask(__name__)\r\n"), ElementsAre("app Flask"));
  EXPECT_THAT(Found("application = get_wsgi_application()\n"), ElementsAre("application Django"));
  EXPECT_THAT(Found("app = aiohttp.web.Application()"), ElementsAre("app aiohttp"));
  EXPECT_THAT(Found("app = falcon.asgi.App()"), ElementsAre("app Falcon"));
}

TEST(PythonSource, KnowsPlainApplicationsAndFactories) {
  EXPECT_THAT(Found("async def application(scope, receive, send):\n    pass\n"), ElementsAre("application "));
  EXPECT_THAT(Found("def wsgi(environ, start_response):\n    return []\n"), ElementsAre("wsgi "));
  EXPECT_THAT(Found("def create_app(debug: bool = False, *extra) -> Flask:\n"), ElementsAre("create_app "));
}

TEST(PythonSource, IsNotMisled) {
  EXPECT_THAT(Found(""), IsEmpty());
  EXPECT_THAT(Found("    app = FastAPI()\n"), IsEmpty()) << "it is inside of something";
  EXPECT_THAT(Found("# app = FastAPI()\napp == FastAPI()\nclass FastAPI(Base):\n"), IsEmpty());
  EXPECT_THAT(Found("app = MyFastAPI()\nx.app = FastAPI()\napp =\napp=="), IsEmpty());
  EXPECT_THAT(Found("def create_app(config):\ndef handler(scope, receive, send):\nasync def f(a, b):\n"),
              IsEmpty());
  EXPECT_THAT(Found("def create_app(\n"), IsEmpty());
}

TEST(PythonSource, TheLikeliestNameIsFirst) {
  EXPECT_THAT(Found("admin = FastAPI()\napp = FastAPI()\ndef create_app():\n"),
              ElementsAre("app FastAPI", "admin FastAPI", "create_app "));
}

TEST(PythonSource, NamesModulesAsPythonDoes) {
  EXPECT_EQ(ModuleName("main.py"), "main");
  EXPECT_EQ(ModuleName("shop/web/main.py"), "shop.web.main");
  EXPECT_EQ(ModuleName("shop/__init__.py"), "shop");
  EXPECT_EQ(ModuleName("my-shop/main.py"), "");
  EXPECT_EQ(ModuleName("2nd.py"), "");
  EXPECT_EQ(ModuleName("main.txt"), "");
}

TEST(PythonSource, RanksModules) {
  EXPECT_LT(ModuleRank("main"), ModuleRank("app"));
  EXPECT_LT(ModuleRank("app"), ModuleRank("other"));
  EXPECT_LT(ModuleRank("other"), ModuleRank("shop.main"));
  EXPECT_LT(ModuleRank("shop.wsgi"), ModuleRank("shop.asgi"));
}

TEST(PythonSource, LeavesOutWhatIsNobodysApplication) {
  for (const char* folder : {".venv", "tests", "node_modules", "test_shop"}) EXPECT_TRUE(IsLeftOut(folder));
  for (const char* folder : {"src", "shop", "contest"}) EXPECT_FALSE(IsLeftOut(folder));
}

}  // namespace
}  // namespace fectl::client
