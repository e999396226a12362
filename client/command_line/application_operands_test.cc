#include "client/command_line/application_operands.h"

#include <gtest/gtest.h>

namespace fectl::client {
namespace {

TEST(ApplicationOperands, ANameAndArguments) {
  EXPECT_EQ(WhatIsWrongWithApplication({"shop.main:app"}), "");
  EXPECT_EQ(WhatIsWrongWithApplication({"shop:shop.app", "access_log=off", "--keepalive=5", "ciphers="}), "");
}

TEST(ApplicationOperands, AWrongNameIsExplained) {
  EXPECT_EQ(WhatIsWrongWithApplication({}),
            "serve needs the name of an application: fectl serve MODULE:NAME [ARGUMENT]...");
  EXPECT_EQ(WhatIsWrongWithApplication({"shop"}),
            "\"shop\" is no application of the form MODULE:NAME, as in: fectl serve shop.main:app");
  EXPECT_EQ(WhatIsWrongWithApplication({":app"}),
            "\":app\" is no application of the form MODULE:NAME, as in: fectl serve shop.main:app");
  EXPECT_EQ(WhatIsWrongWithApplication({"-x:app"}),
            "\"-x:app\" is no application of the form MODULE:NAME, as in: fectl serve shop.main:app");
  EXPECT_EQ(WhatIsWrongWithApplication({"shop/main.py:app"}),
            "a module is named as Python imports it: \"shop/main.py:app\" is shop.main:app");
  EXPECT_EQ(WhatIsWrongWithApplication({"./main.py"}),
            "a module is named as Python imports it: \"./main.py\" is main:NAME");
}

TEST(ApplicationOperands, AWrongArgumentIsExplained) {
  EXPECT_EQ(WhatIsWrongWithApplication({"shop:app", "other:app"}),
            "\"other:app\" is no argument of the form NAME=VALUE: fectl serve MODULE:NAME [ARGUMENT]...");
  EXPECT_EQ(WhatIsWrongWithApplication({"shop:app", "--debug"}),
            "\"--debug\" is no argument of the form NAME=VALUE: fectl serve MODULE:NAME [ARGUMENT]...");
  EXPECT_EQ(WhatIsWrongWithApplication({"shop:app", "factory=shop:make"}),
            "the application is \"shop:app\" already: \"factory=shop:make\" is too much");
}

TEST(ApplicationOperands, OfInitAreAnApplicationOrAProgram) {
  EXPECT_EQ(WhatIsWrongWithProposed({}), "");
  EXPECT_EQ(WhatIsWrongWithProposed({"shop.main:app", "access_log=-"}), "");
  EXPECT_EQ(WhatIsWrongWithProposed({"./build/web", "--port", "80"}), "");
  EXPECT_EQ(WhatIsWrongWithProposed({"shop/main.py"}),
            "a module is named as Python imports it: \"shop/main.py\" is shop.main:NAME");
  EXPECT_EQ(WhatIsWrongWithProposed({"shop:app", "--debug"}),
            "\"--debug\" is no argument of the form NAME=VALUE: fectl init MODULE:NAME [ARGUMENT]...");
}

}  // namespace
}  // namespace fectl::client
