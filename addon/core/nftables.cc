#include "core/nftables.h"

#include <arpa/inet.h>
#include <endian.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <string_view>

#include "core/error.h"
#include "core/netlink.h"
#include "core/nft_batch.h"
#include "core/nft_expression.h"

namespace tscompose {

namespace {

constexpr size_t kElementsPerMessage = 256;
constexpr uint32_t kInterfaceName = 41;  // nft's number of the type ifname
constexpr uint32_t kHostOrder = 1;       // and of host byte order

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using TablePtr = std::unique_ptr<nftnl_table, Deleter<nftnl_table_free>>;
using ChainPtr = std::unique_ptr<nftnl_chain, Deleter<nftnl_chain_free>>;
using RulePtr = std::unique_ptr<nftnl_rule, Deleter<nftnl_rule_free>>;
using SetPtr = std::unique_ptr<nftnl_set, Deleter<nftnl_set_free>>;

[[noreturn]] void invalid(const std::string& message) { throw InputError("INVALID", message); }

uint32_t hookNumber(const std::string& family, const std::string& name) {
  static const std::map<std::string_view, uint32_t> hooks{{"prerouting", NF_INET_PRE_ROUTING},
                                                          {"input", NF_INET_LOCAL_IN},
                                                          {"forward", NF_INET_FORWARD},
                                                          {"output", NF_INET_LOCAL_OUT},
                                                          {"postrouting", NF_INET_POST_ROUTING}};
  if (family == "netdev") {
    if (name == "ingress") return NF_NETDEV_INGRESS;
  } else if (const auto hook = hooks.find(name); hook != hooks.end()) {
    return hook->second;
  }
  invalid("unknown nftables hook " + name);
}

TablePtr tableNamed(const NftTable& table) {
  TablePtr object{nftnl_table_alloc()};
  nftnl_table_set_str(object.get(), NFTNL_TABLE_NAME, table.name.c_str());
  return object;
}

/// "digest …" as the table's comment, which `nft list` shows.
void setDigest(nftnl_table* object, const std::string& digest) {
  const std::unique_ptr<nftnl_udata_buf, Deleter<nftnl_udata_buf_free>> data{nftnl_udata_buf_alloc(256)};
  if (!nftnl_udata_put_strz(data.get(), NFTNL_UDATA_TABLE_COMMENT, digest.c_str())) invalid("digest is too long");
  nftnl_table_set_data(object, NFTNL_TABLE_USERDATA, nftnl_udata_buf_data(data.get()), nftnl_udata_buf_len(data.get()));
}

void addSet(Batch& batch, uint8_t family, const NftTable& table, const NftSet& set, uint32_t id) {
  SetPtr object{nftnl_set_alloc()};
  nftnl_set_set_str(object.get(), NFTNL_SET_TABLE, table.name.c_str());
  nftnl_set_set_str(object.get(), NFTNL_SET_NAME, set.name.c_str());
  nftnl_set_set_u32(object.get(), NFTNL_SET_FAMILY, family);
  nftnl_set_set_u32(object.get(), NFTNL_SET_ID, id);
  nftnl_set_set_u32(object.get(), NFTNL_SET_KEY_TYPE, set.keyType);
  nftnl_set_set_u32(object.get(), NFTNL_SET_KEY_LEN, set.keyLength);
  if (set.dataLength > 0) {
    nftnl_set_set_u32(object.get(), NFTNL_SET_FLAGS, NFT_SET_MAP);
    nftnl_set_set_u32(object.get(), NFTNL_SET_DATA_TYPE, set.dataType);
    nftnl_set_set_u32(object.get(), NFTNL_SET_DATA_LEN, set.dataLength);
  }
  const std::unique_ptr<nftnl_udata_buf, Deleter<nftnl_udata_buf_free>> order{nftnl_udata_buf_alloc(64)};
  if (set.keyType == kInterfaceName) {
    // Only for `nft list`, which else takes names for big-endian numbers and prints nothing.
    nftnl_udata_put_u32(order.get(), NFTNL_UDATA_SET_KEYBYTEORDER, kHostOrder);
    nftnl_set_set_data(object.get(), NFTNL_SET_USERDATA, nftnl_udata_buf_data(order.get()),
                       nftnl_udata_buf_len(order.get()));
  }
  batch.add(NFT_MSG_NEWSET, family, NLM_F_CREATE, "set " + set.name,
            [&](nlmsghdr* header) { nftnl_set_nlmsg_build_payload(header, object.get()); });
  for (size_t first = 0; first < set.elements.size(); first += kElementsPerMessage) {
    SetPtr part{nftnl_set_alloc()};
    nftnl_set_set_str(part.get(), NFTNL_SET_TABLE, table.name.c_str());
    nftnl_set_set_str(part.get(), NFTNL_SET_NAME, set.name.c_str());
    const size_t end = std::min(first + kElementsPerMessage, set.elements.size());
    for (size_t i = first; i < end; ++i) {
      const NftElement& element = set.elements[i];
      if (element.key.size() != set.keyLength || element.data.size() != set.dataLength || element.key.size() > 64 ||
          element.data.size() > 64) {
        invalid("element of nftables set " + set.name + " has the wrong length");
      }
      nftnl_set_elem* item = nftnl_set_elem_alloc();
      nftnl_set_elem_set(item, NFTNL_SET_ELEM_KEY, element.key.data(), set.keyLength);
      if (set.dataLength > 0) nftnl_set_elem_set(item, NFTNL_SET_ELEM_DATA, element.data.data(), set.dataLength);
      nftnl_set_elem_add(part.get(), item);
    }
    batch.add(NFT_MSG_NEWSETELEM, family, NLM_F_CREATE, "elements of set " + set.name,
              [&](nlmsghdr* header) { nftnl_set_elems_nlmsg_build_payload(header, part.get()); });
  }
}

void addChain(Batch& batch, uint8_t family, const NftTable& table, const NftChain& chain) {
  ChainPtr object{nftnl_chain_alloc()};
  nftnl_chain_set_str(object.get(), NFTNL_CHAIN_TABLE, table.name.c_str());
  nftnl_chain_set_str(object.get(), NFTNL_CHAIN_NAME, chain.name.c_str());
  if (chain.hook) {
    nftnl_chain_set_str(object.get(), NFTNL_CHAIN_TYPE, chain.hook->type.c_str());
    nftnl_chain_set_u32(object.get(), NFTNL_CHAIN_HOOKNUM, hookNumber(table.family, chain.hook->name));
    nftnl_chain_set_s32(object.get(), NFTNL_CHAIN_PRIO, chain.hook->priority);
    nftnl_chain_set_u32(object.get(), NFTNL_CHAIN_POLICY, NF_ACCEPT);
    if (!chain.hook->devices.empty()) {
      std::vector<const char*> devices;
      for (const std::string& device : chain.hook->devices) devices.push_back(device.c_str());
      devices.push_back(nullptr);
      nftnl_chain_set_data(object.get(), NFTNL_CHAIN_DEVICES, devices.data(), 0);
    }
  }
  batch.add(NFT_MSG_NEWCHAIN, family, NLM_F_CREATE, "chain " + chain.name,
            [&](nlmsghdr* header) { nftnl_chain_nlmsg_build_payload(header, object.get()); });
}

RulePtr ruleIn(uint8_t family, const std::string& table, const std::string& chain) {
  RulePtr object{nftnl_rule_alloc()};
  nftnl_rule_set_str(object.get(), NFTNL_RULE_TABLE, table.c_str());
  nftnl_rule_set_str(object.get(), NFTNL_RULE_CHAIN, chain.c_str());
  nftnl_rule_set_u32(object.get(), NFTNL_RULE_FAMILY, family);
  return object;
}

/// `comment` is shown by `nft list` and, in the chains of iptables, by `iptables -S`; empty: none.
void addRules(Batch& batch, uint8_t family, const std::string& table, const std::string& chain,
              const std::vector<std::vector<NftExpression>>& rules, const std::string& comment) {
  for (size_t i = 0; i < rules.size(); ++i) {
    const RulePtr object = ruleIn(family, table, chain);
    for (const NftExpression& expression : rules[i]) addExpression(object.get(), expression);
    if (!comment.empty()) {
      const std::unique_ptr<nftnl_udata_buf, Deleter<nftnl_udata_buf_free>> data{nftnl_udata_buf_alloc(256)};
      if (!nftnl_udata_put_strz(data.get(), NFTNL_UDATA_RULE_COMMENT, comment.c_str())) invalid("comment is too long");
      nftnl_rule_set_data(object.get(), NFTNL_RULE_USERDATA, nftnl_udata_buf_data(data.get()),
                          nftnl_udata_buf_len(data.get()));
    }
    batch.add(NFT_MSG_NEWRULE, family, NLM_F_CREATE | NLM_F_APPEND,
              "rule " + std::to_string(i + 1) + " of chain " + chain,
              [&](nlmsghdr* header) { nftnl_rule_nlmsg_build_payload(header, object.get()); });
  }
}

NetlinkRequest nftRequest(uint16_t type, uint16_t flags, uint8_t family, const std::string& subject) {
  NetlinkRequest request(static_cast<uint16_t>(NFNL_SUBSYS_NFTABLES << 8U | type), flags, subject);
  nfgenmsg header{};
  header.nfgen_family = family;
  header.version = NFNETLINK_V0;
  request.header(header);
  return request;
}

NetlinkAttributes nftAttributes(std::span<const uint8_t> payload, size_t count) {
  if (payload.size() < sizeof(nfgenmsg)) return NetlinkAttributes(count);
  return parseAttributes(payload.subspan(sizeof(nfgenmsg)), count);
}

uint8_t familyOf(std::span<const uint8_t> payload) { return payload.empty() ? 0 : payload[0]; }

/// nf_tables numbers are big-endian.
uint32_t bigEndian(std::span<const uint8_t> attribute) { return ntohl(attributeU32(attribute)); }

/// Does `work` again as long as another transaction comes into it, which it tells by ERESTART; that is its error where
/// they never end.
template <typename Work>
auto undisturbed(Work work) {
  constexpr int kAttempts = 1000;
  for (int attempt = 1;; ++attempt) {
    try {
      return work();
    } catch (const SysError& error) {
      if (error.error() != ERESTART || attempt == kAttempts) throw;
    }
  }
}

static_assert(static_cast<int>(NFTNL_UDATA_TABLE_COMMENT) == static_cast<int>(NFTNL_UDATA_RULE_COMMENT));

std::string commentOf(std::span<const uint8_t> userdata) {
  // type, length, text with NUL: the TLV that setDigest and addRules wrote
  if (userdata.size() < 3 || userdata[0] != NFTNL_UDATA_TABLE_COMMENT || userdata[1] + 2U > userdata.size()) return {};
  return attributeText(userdata.subspan(2, userdata[1]));
}

}  // namespace

uint8_t nftFamily(const std::string& name) {
  if (name == "inet") return NFPROTO_INET;
  if (name == "ip") return NFPROTO_IPV4;
  if (name == "ip6") return NFPROTO_IPV6;
  if (name == "netdev") return NFPROTO_NETDEV;
  invalid("unknown nftables family " + name);
}

std::string nftFamilyName(uint8_t family) {
  switch (family) {
    case NFPROTO_INET:
      return "inet";
    case NFPROTO_IPV4:
      return "ip";
    case NFPROTO_IPV6:
      return "ip6";
    case NFPROTO_NETDEV:
      return "netdev";
    case NFPROTO_BRIDGE:
      return "bridge";
    case NFPROTO_ARP:
      return "arp";
    default:
      return std::to_string(family);
  }
}

Nftables::Nftables() : socket_(NETLINK_NETFILTER) {}

bool Nftables::exists(uint8_t family, const std::string& name) {
  auto request = nftRequest(NFT_MSG_GETTABLE, 0, family, name);
  request.attribute(NFTA_TABLE_NAME, name).tolerate(ENOENT);
  bool found = false;
  socket_.query(std::move(request), [&](const nlmsghdr&, std::span<const uint8_t>) { found = true; });
  return found;
}

void Nftables::replaceTables(const std::vector<NftTable>& tables, const std::vector<NftGuest>& guests) {
  undisturbed([&] { write(settledGeneration(), tables, guests); });
}

void Nftables::write(uint32_t generation, const std::vector<NftTable>& tables, const std::vector<NftGuest>& guests) {
  Batch batch(generation);
  uint32_t setId = 0;
  for (const NftTable& table : tables) {
    const uint8_t family = nftFamily(table.family);
    const std::string subject = "table " + table.family + " " + table.name;
    if (exists(family, table.name)) {
      // Made first, should somebody else delete it meanwhile.
      const TablePtr plain = tableNamed(table);
      const auto build = [&](nlmsghdr* header) { nftnl_table_nlmsg_build_payload(header, plain.get()); };
      batch.add(NFT_MSG_NEWTABLE, family, NLM_F_CREATE, subject, build);
      batch.add(NFT_MSG_DELTABLE, family, 0, subject, build);
    }
    if (table.chains.empty() && table.sets.empty()) continue;
    const TablePtr marked = tableNamed(table);
    if (!table.digest.empty()) setDigest(marked.get(), table.digest);
    batch.add(NFT_MSG_NEWTABLE, family, NLM_F_CREATE, subject,
              [&](nlmsghdr* header) { nftnl_table_nlmsg_build_payload(header, marked.get()); });
    for (const NftSet& set : table.sets) addSet(batch, family, table, set, ++setId);
    for (const NftChain& chain : table.chains) addChain(batch, family, table, chain);
    for (const NftChain& chain : table.chains) addRules(batch, family, table.name, chain.name, chain.rules, "");
  }
  for (const NftGuest& guest : guests) {
    const uint8_t family = nftFamily(guest.family);
    for (const auto& [handle, comment] : rulesOf(guest)) {
      if (!comment.starts_with(guest.owner + " ")) continue;
      const RulePtr old = ruleIn(family, guest.table, guest.chain);
      nftnl_rule_set_u64(old.get(), NFTNL_RULE_HANDLE, handle);
      batch.add(NFT_MSG_DELRULE, family, 0, "rule of chain " + guest.chain,
                [&](nlmsghdr* header) { nftnl_rule_nlmsg_build_payload(header, old.get()); });
    }
    addRules(batch, family, guest.table, guest.chain, guest.rules, guest.owner + " " + guest.digest);
  }
  batch.commit(socket_.fd());
}

std::vector<Nftables::MarkedRule> Nftables::rulesOf(const NftGuest& guest) {
  std::vector<MarkedRule> found;
  auto request = nftRequest(NFT_MSG_GETRULE, NLM_F_DUMP, nftFamily(guest.family), guest.chain);
  request.attribute(NFTA_RULE_TABLE, guest.table).attribute(NFTA_RULE_CHAIN, guest.chain).tolerate(ENOENT);
  socket_.query(std::move(request), [&](const nlmsghdr&, std::span<const uint8_t> payload) {
    const auto attributes = nftAttributes(payload, NFTA_RULE_USERDATA + 1);
    if (attributeText(attributes[NFTA_RULE_TABLE]) != guest.table ||
        attributeText(attributes[NFTA_RULE_CHAIN]) != guest.chain)
      return;
    uint64_t handle = 0;
    if (attributes[NFTA_RULE_HANDLE].size() == sizeof handle)
      std::memcpy(&handle, attributes[NFTA_RULE_HANDLE].data(), sizeof handle);
    found.push_back({be64toh(handle), commentOf(attributes[NFTA_RULE_USERDATA])});
  });
  return found;
}

GuestStatus Nftables::guestStatus(const NftGuest& guest) {
  GuestStatus status;
  const std::string comment = guest.owner + " " + guest.digest;
  for (const MarkedRule& rule : rulesOf(guest)) {
    status.last = rule.comment == comment ? status.last + 1 : 0;
    if (rule.comment.starts_with(guest.owner + " ")) ++status.rules;
  }
  return status;
}

/// Every transaction makes it another one.
uint32_t Nftables::generation() {
  uint32_t id = 0;
  socket_.query(nftRequest(NFT_MSG_GETGEN, 0, AF_UNSPEC, "generation"),
                [&](const nlmsghdr&, std::span<const uint8_t> payload) {
                  id = bigEndian(nftAttributes(payload, NFTA_GEN_ID + 1)[NFTA_GEN_ID]);
                });
  return id;
}

/// That of rules that stand still. A transaction is given its number first, and what it replaces is found, empty, until
/// all of that is taken out; an empty transaction waits for that.
uint32_t Nftables::settledGeneration() {
  return undisturbed([&] {
    const uint32_t current = generation();
    Batch(current).commit(socket_.fd());
    return current;
  });
}

RulesStatus Nftables::status(const std::string& family, const std::string& name, const std::vector<NftGuest>& guests) {
  const uint8_t number = nftFamily(family);
  return undisturbed([&] {
    const uint32_t before = settledGeneration();
    RulesStatus found{.table = tableStatus(number, name), .guests = {}};
    for (const NftGuest& guest : guests) found.guests.push_back(guestStatus(guest));
    if (generation() != before) throw SysError(ERESTART, "nftables", "table " + family + " " + name);
    return found;
  });
}

std::optional<TableStatus> Nftables::tableStatus(uint8_t family, const std::string& name) {
  std::optional<TableStatus> status;
  auto table = nftRequest(NFT_MSG_GETTABLE, 0, family, name);
  table.attribute(NFTA_TABLE_NAME, name).tolerate(ENOENT);
  socket_.query(std::move(table), [&](const nlmsghdr&, std::span<const uint8_t> payload) {
    status.emplace().digest = commentOf(nftAttributes(payload, NFTA_TABLE_USERDATA + 1)[NFTA_TABLE_USERDATA]);
  });
  if (!status) return status;
  const auto count = [&](uint16_t type, uint16_t tableAttribute, uint32_t& counter) {
    auto request = nftRequest(type, NLM_F_DUMP, family, name);
    request.attribute(tableAttribute, name).tolerate(ENOENT);
    socket_.query(std::move(request), [&](const nlmsghdr&, std::span<const uint8_t> payload) {
      const auto attributes = nftAttributes(payload, tableAttribute + 1U);
      if (familyOf(payload) == family && attributeText(attributes[tableAttribute]) == name) ++counter;
    });
  };
  count(NFT_MSG_GETCHAIN, NFTA_CHAIN_TABLE, status->chains);
  count(NFT_MSG_GETRULE, NFTA_RULE_TABLE, status->rules);
  std::vector<std::string> sets;
  auto allSets = nftRequest(NFT_MSG_GETSET, NLM_F_DUMP, family, name);
  allSets.attribute(NFTA_SET_TABLE, name).tolerate(ENOENT);
  socket_.query(std::move(allSets), [&](const nlmsghdr&, std::span<const uint8_t> payload) {
    const auto attributes = nftAttributes(payload, NFTA_SET_NAME + 1);
    if (attributeText(attributes[NFTA_SET_TABLE]) == name) sets.push_back(attributeText(attributes[NFTA_SET_NAME]));
  });
  for (const std::string& set : sets) {
    auto elements = nftRequest(NFT_MSG_GETSETELEM, NLM_F_DUMP, family, set);
    elements.attribute(NFTA_SET_ELEM_LIST_TABLE, name).attribute(NFTA_SET_ELEM_LIST_SET, set).tolerate(ENOENT);
    socket_.query(std::move(elements), [&](const nlmsghdr&, std::span<const uint8_t> payload) {
      auto list = nftAttributes(payload, NFTA_SET_ELEM_LIST_ELEMENTS + 1)[NFTA_SET_ELEM_LIST_ELEMENTS];
      while (list.size() >= sizeof(nlattr)) {
        nlattr header;
        std::memcpy(&header, list.data(), sizeof header);
        if (header.nla_len < sizeof header) break;
        ++status->elements;
        list = list.subspan(std::min<size_t>(NLA_ALIGN(header.nla_len), list.size()));
      }
    });
  }
  return status;
}

std::vector<ForwardChain> Nftables::forwardChains() {
  std::vector<ForwardChain> found;
  socket_.dump(nftRequest(NFT_MSG_GETCHAIN, NLM_F_DUMP, AF_UNSPEC, "chains"),
               [&](const nlmsghdr&, std::span<const uint8_t> payload) {
                 const uint8_t family = familyOf(payload);
                 if (family != NFPROTO_INET && family != NFPROTO_IPV4 && family != NFPROTO_IPV6) return;
                 const auto attributes = nftAttributes(payload, NFTA_CHAIN_POLICY + 1);
                 const auto hook = parseAttributes(attributes[NFTA_CHAIN_HOOK], NFTA_HOOK_HOOKNUM + 1);
                 if (hook[NFTA_HOOK_HOOKNUM].empty() || bigEndian(hook[NFTA_HOOK_HOOKNUM]) != NF_INET_FORWARD) return;
                 found.push_back({.family = nftFamilyName(family),
                                  .table = attributeText(attributes[NFTA_CHAIN_TABLE]),
                                  .chain = attributeText(attributes[NFTA_CHAIN_NAME]),
                                  .policy = bigEndian(attributes[NFTA_CHAIN_POLICY]) == NF_DROP ? "drop" : "accept"});
               });
  return found;
}

}  // namespace tscompose
