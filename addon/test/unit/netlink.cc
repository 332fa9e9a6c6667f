#include "core/netlink.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include "core/error.h"
#include "core/netns.h"
#include "core/nftables.h"
#include "test/unit/test.h"

using namespace tscompose;

TEST("netlink: attributes are found again, nested ones too") {
  NetlinkRequest request(RTM_NEWLINK, 0, "x");
  request.header(ifinfomsg{}).attribute(IFLA_IFNAME, std::string_view("eth0")).attribute(IFLA_MTU, uint32_t{1400});
  const size_t info = request.begin(IFLA_LINKINFO | NLA_F_NESTED);
  request.attribute(IFLA_INFO_KIND, std::string_view("veth"));
  request.end(info);
  const auto message = request.finish(7);
  const auto* header = reinterpret_cast<const nlmsghdr*>(message.data());
  CHECK(header->nlmsg_len == message.size());
  CHECK(header->nlmsg_seq == 7);
  CHECK(message.size() % 4 == 0);
  const auto attributes = parseAttributes(message.subspan(NLMSG_LENGTH(sizeof(ifinfomsg))), IFLA_LINKINFO + 1);
  CHECK(attributeText(attributes[IFLA_IFNAME]) == "eth0");
  CHECK(attributeU32(attributes[IFLA_MTU]) == 1400);
  const auto nested = parseAttributes(attributes[IFLA_LINKINFO], IFLA_INFO_KIND + 1);
  CHECK(attributeText(nested[IFLA_INFO_KIND]) == "veth");
}

TEST("netlink: a malformed attribute ends the parsing, and reads nothing beyond") {
  for (const std::vector<uint8_t>& bytes :
       {std::vector<uint8_t>{1}, {255, 255, 3, 0, 1, 2}, {3, 0, 1, 0}, {0, 0, 0, 0, 0, 0, 0, 0}, {5, 0, 1, 0, 9}}) {
    const auto attributes = parseAttributes(bytes, 4);
    for (const auto& attribute : attributes) CHECK(attribute.size() <= 1);
  }
  CHECK(attributeU32({}) == 0);
  CHECK(attributeText({}).empty());
}

TEST("netlink: a refusal names what it was about; a tolerated one is success") {
  NetlinkSocket socket(NETLINK_ROUTE);
  const auto removal = [] {
    NetlinkRequest request(RTM_DELLINK, 0, "nosuchlink0");
    request.header(ifinfomsg{}).attribute(IFLA_IFNAME, std::string_view("nosuchlink0"));
    return request;
  };
  try {
    socket.run(removal());
    CHECK(false);
  } catch (const SysError& error) {
    CHECK(error.error() == ENODEV || error.error() == EPERM);
    CHECK(error.subject() == "nosuchlink0");
  }
  socket.run(std::move(removal().tolerate(ENODEV).tolerate(EPERM)));
}

TEST("netns: what is thrown on the other thread arrives here") {
  try {
    onOwnThread([] { throw InputError("INVALID", "from there"); });
    CHECK(false);
  } catch (const InputError& error) {
    CHECK(std::string(error.what()) == "from there");
  }
}

TEST("netns: a plain file and a missing one are no namespace") {
  CHECK(!openNamespace("/etc/hostname"));
  CHECK(!openNamespace("/nonexistent/namespace"));
}

TEST("netns: a sysctl key cannot leave /proc/sys") {
  try {
    writeSysctl("../../tmp/x", "1");
    CHECK(false);
  } catch (const InputError& error) {
    CHECK(error.code() == "INVALID");
  }
}

TEST("nftables: unknown families and expressions are refused before the kernel sees them") {
  const auto refuses = [](const NftTable& table) {
    try {
      Nftables().replaceTables({table});
    } catch (const InputError& error) {
      return error.code() == "INVALID";
    }
    return false;
  };
  CHECK(refuses({.family = "nosuch", .name = "t", .digest = "", .sets = {}, .chains = {}}));
  CHECK(nftFamilyName(nftFamily("inet")) == "inet");
}
