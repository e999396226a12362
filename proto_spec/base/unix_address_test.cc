#include "proto_spec/base/unix_address.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "proto_spec/base/unique_fd.h"

namespace fectl::base {
namespace {

TEST(UnixAddress, HoldsThePath) {
  const std::string longest(UnixAddress::kPathBytesMax, 'x');
  for (const std::string& path : {std::string("/run/fectld.sock"), longest}) {
    const UnixAddress address(path);
    const void* const any = address.get();
    EXPECT_EQ(static_cast<const sockaddr_un*>(any)->sun_path, path);
    EXPECT_EQ(address.get()->sa_family, AF_UNIX);
    EXPECT_TRUE(UnixAddress::IsPossible(path));
  }
}

// A name that is cut would be another socket's; one that begins with zero is in another name space.
TEST(UnixAddress, WhatIsNoPathIsRefusedByTheKernel) {
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  for (const std::string& path :
       {std::string(), std::string(UnixAddress::kPathBytesMax + 1, 'x'), std::string(1, '\0')}) {
    EXPECT_FALSE(UnixAddress::IsPossible(path));
    const UnixAddress address(path);
    EXPECT_EQ(connect(fd.get(), address.get(), address.size()), -1);
    EXPECT_EQ(errno, EINVAL);
    // Of two bytes the kernel would choose a name itself.
    EXPECT_EQ(bind(fd.get(), address.get(), address.size()), -1);
    EXPECT_EQ(errno, EINVAL);
  }
}

}  // namespace
}  // namespace fectl::base
