#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/netlink.h"

namespace tscompose {

/// One expression of a rule: libnftnl's name for it and its attributes (the table in nft_expression.cc).
struct NftExpression {
  std::string name;
  std::vector<std::pair<std::string, std::variant<uint64_t, std::string, std::vector<uint8_t>>>> attributes;
};

struct NftElement {
  std::vector<uint8_t> key;
  std::vector<uint8_t> data;
};

struct NftSet {
  std::string name;
  uint32_t keyLength = 0;
  uint32_t dataLength = 0;  ///< 0: a plain set
  uint32_t keyType = 0;     ///< nft's own numbers, so that `nft list` prints the elements readably
  uint32_t dataType = 0;
  std::vector<NftElement> elements;
};

struct NftHook {
  std::string type;
  std::string name;
  int32_t priority = 0;
  std::vector<std::string> devices;
};

struct NftChain {
  std::string name;
  std::optional<NftHook> hook;
  std::vector<std::vector<NftExpression>> rules;
};

struct NftTable {
  std::string family;
  std::string name;
  std::string digest;
  std::vector<NftSet> sets;
  std::vector<NftChain> chains;
};

/// Rules of ours at the end of another program's chain. Their comment is "OWNER DIGEST": by its first word we know them
/// again, by the second whether they are the ones that were written.
struct NftGuest {
  std::string family;
  std::string table;
  std::string chain;
  std::string owner;
  std::string digest;
  std::vector<std::vector<NftExpression>> rules;
};

/// Of the owner's rules in a chain: how many there are, and how many of that digest end the chain. None where there is
/// no such chain.
struct GuestStatus {
  uint32_t rules = 0;
  uint32_t last = 0;
};

struct TableStatus {
  std::string digest;
  uint32_t chains = 0;
  uint32_t rules = 0;
  uint32_t elements = 0;
};

struct RulesStatus {
  std::optional<TableStatus> table;
  std::vector<GuestStatus> guests;
};

struct ForwardChain {
  std::string family;
  std::string table;
  std::string chain;
  std::string policy;
};

/// nftables of the namespace in which it was made. Keep it when there is more to do: giving up its socket makes the
/// kernel wait, with every other transaction waiting too, until what was replaced is freed (nft_rcv_nl_event). For one
/// thread at a time.
class Nftables {
 public:
  Nftables();

  /// Replaces the tables, and the owner's rules in the chains of `guests`, in one transaction: all of it or nothing. A
  /// table without chains and sets is deleted. Throws SysError with the object that the kernel refused, or InputError
  /// INVALID for an unknown expression.
  void replaceTables(const std::vector<NftTable>& tables, const std::vector<NftGuest>& guests = {});

  /// What the kernel holds of a table and of guests in the chains of others, all at one moment: a transaction of
  /// another process falls before it or after it.
  RulesStatus status(const std::string& family, const std::string& name, const std::vector<NftGuest>& guests);

  /// The chains of all tables that are hooked into forward.
  std::vector<ForwardChain> forwardChains();

 private:
  struct MarkedRule {
    uint64_t handle;
    std::string comment;
  };
  bool exists(uint8_t family, const std::string& name);
  uint32_t generation();
  uint32_t settledGeneration();
  void write(uint32_t generation, const std::vector<NftTable>& tables, const std::vector<NftGuest>& guests);
  std::optional<TableStatus> tableStatus(uint8_t family, const std::string& name);
  GuestStatus guestStatus(const NftGuest& guest);
  std::vector<MarkedRule> rulesOf(const NftGuest& guest);

  NetlinkSocket socket_;
};

/// "inet", "ip", …; throws InputError INVALID.
uint8_t nftFamily(const std::string& name);
std::string nftFamilyName(uint8_t family);

}  // namespace tscompose
