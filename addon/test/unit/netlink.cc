#include "core/netlink.h"

#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <string>
#include <thread>
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

TEST("netlink: a dump that a change interrupts is read again, until it is whole") {
  if (::geteuid() != 0) throw test::Skip{"needs root"};
  onOwnThread([] {
    CHECK(::unshare(CLONE_NEWNET) == 0);
    const auto bridge = [](int number) {
      NetlinkRequest request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, "bridge");
      request.header(ifinfomsg{}).attribute(IFLA_IFNAME, "b" + std::to_string(number));
      const size_t info = request.begin(IFLA_LINKINFO | NLA_F_NESTED);
      request.attribute(IFLA_INFO_KIND, std::string_view("bridge"));
      request.end(info);
      return request;
    };
    NetlinkSocket socket(NETLINK_ROUTE);
    constexpr int kCount = 100;
    for (int i = 0; i < kCount; ++i) socket.run(bridge(i));
    std::jthread other([&](const std::stop_token& stop) {
      NetlinkSocket own(NETLINK_ROUTE);
      while (!stop.stop_requested()) {
        own.run(bridge(kCount));
        NetlinkRequest removal(RTM_DELLINK, 0, "bridge");
        own.run(std::move(removal.header(ifinfomsg{}).attribute(IFLA_IFNAME, "b" + std::to_string(kCount))));
      }
    });
    NetlinkRequest links(RTM_GETLINK, NLM_F_DUMP, "links");
    links.header(ifinfomsg{});
    int interruptions = 0;
    for (int i = 0; i < 10000 && interruptions < 5; ++i) {
      if (!socket.query(links, [](const nlmsghdr&, std::span<const uint8_t>) {})) ++interruptions;
      std::set<std::string> names;
      bool isWhole = true;
      socket.dump(links, [&](const nlmsghdr& header, std::span<const uint8_t> payload) {
        isWhole = isWhole && (header.nlmsg_flags & NLM_F_DUMP_INTR) == 0;
        const auto attributes = parseAttributes(payload.subspan(NLMSG_ALIGN(sizeof(ifinfomsg))), IFLA_IFNAME + 1);
        names.insert(attributeText(attributes[IFLA_IFNAME]));
      });
      CHECK(isWhole);
      names.erase("b" + std::to_string(kCount));
      CHECK(names.size() == kCount + 1);
    }
    CHECK(interruptions == 5);
  });
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
