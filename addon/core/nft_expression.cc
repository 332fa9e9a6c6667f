#include "core/nft_expression.h"

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string_view>

#include "core/error.h"

namespace tscompose {

namespace {

enum class Width { k8, k16, k32, kText, kData };

struct Attribute {
  uint16_t number;
  Width width;
};

using Attributes = std::map<std::string_view, Attribute>;

/// What rules may be made of: expression → attribute → libnftnl's number and width.
const std::map<std::string_view, Attributes>& expressions() {
  static const std::map<std::string_view, Attributes> table{
      {"meta",
       {{"key", {NFTNL_EXPR_META_KEY, Width::k32}},
        {"dreg", {NFTNL_EXPR_META_DREG, Width::k32}},
        {"sreg", {NFTNL_EXPR_META_SREG, Width::k32}}}},
      {"cmp",
       {{"sreg", {NFTNL_EXPR_CMP_SREG, Width::k32}},
        {"op", {NFTNL_EXPR_CMP_OP, Width::k32}},
        {"data", {NFTNL_EXPR_CMP_DATA, Width::kData}}}},
      {"payload",
       {{"dreg", {NFTNL_EXPR_PAYLOAD_DREG, Width::k32}},
        {"base", {NFTNL_EXPR_PAYLOAD_BASE, Width::k32}},
        {"offset", {NFTNL_EXPR_PAYLOAD_OFFSET, Width::k32}},
        {"len", {NFTNL_EXPR_PAYLOAD_LEN, Width::k32}}}},
      {"bitwise",
       {{"sreg", {NFTNL_EXPR_BITWISE_SREG, Width::k32}},
        {"dreg", {NFTNL_EXPR_BITWISE_DREG, Width::k32}},
        {"len", {NFTNL_EXPR_BITWISE_LEN, Width::k32}},
        {"mask", {NFTNL_EXPR_BITWISE_MASK, Width::kData}},
        {"xor", {NFTNL_EXPR_BITWISE_XOR, Width::kData}}}},
      {"lookup",
       {{"sreg", {NFTNL_EXPR_LOOKUP_SREG, Width::k32}},
        {"dreg", {NFTNL_EXPR_LOOKUP_DREG, Width::k32}},
        {"set", {NFTNL_EXPR_LOOKUP_SET, Width::kText}},
        {"flags", {NFTNL_EXPR_LOOKUP_FLAGS, Width::k32}}}},
      {"immediate",
       {{"dreg", {NFTNL_EXPR_IMM_DREG, Width::k32}},
        {"data", {NFTNL_EXPR_IMM_DATA, Width::kData}},
        {"verdict", {NFTNL_EXPR_IMM_VERDICT, Width::k32}},
        {"chain", {NFTNL_EXPR_IMM_CHAIN, Width::kText}}}},
      {"nat",
       {{"type", {NFTNL_EXPR_NAT_TYPE, Width::k32}},
        {"family", {NFTNL_EXPR_NAT_FAMILY, Width::k32}},
        {"addr", {NFTNL_EXPR_NAT_REG_ADDR_MIN, Width::k32}},
        {"proto", {NFTNL_EXPR_NAT_REG_PROTO_MIN, Width::k32}},
        {"flags", {NFTNL_EXPR_NAT_FLAGS, Width::k32}}}},
      {"masq", {{"flags", {NFTNL_EXPR_MASQ_FLAGS, Width::k32}}}},
      {"redir", {{"proto", {NFTNL_EXPR_REDIR_REG_PROTO_MIN, Width::k32}}}},
      {"fib",
       {{"dreg", {NFTNL_EXPR_FIB_DREG, Width::k32}},
        {"result", {NFTNL_EXPR_FIB_RESULT, Width::k32}},
        {"flags", {NFTNL_EXPR_FIB_FLAGS, Width::k32}}}},
      {"ct",
       {{"key", {NFTNL_EXPR_CT_KEY, Width::k32}},
        {"dreg", {NFTNL_EXPR_CT_DREG, Width::k32}},
        {"dir", {NFTNL_EXPR_CT_DIR, Width::k8}}}},
      {"counter", {}},
      {"fwd", {{"dev", {NFTNL_EXPR_FWD_SREG_DEV, Width::k32}}}},
      {"queue",
       {{"num", {NFTNL_EXPR_QUEUE_NUM, Width::k16}},
        {"total", {NFTNL_EXPR_QUEUE_TOTAL, Width::k16}},
        {"flags", {NFTNL_EXPR_QUEUE_FLAGS, Width::k16}}}},
      {"target",
       {{"name", {NFTNL_EXPR_TG_NAME, Width::kText}},
        {"rev", {NFTNL_EXPR_TG_REV, Width::k32}},
        {"info", {NFTNL_EXPR_TG_INFO, Width::kData}}}},
  };
  return table;
}

[[noreturn]] void invalid(const std::string& message) { throw InputError("INVALID", message); }

}  // namespace

void addExpression(nftnl_rule* rule, const NftExpression& wanted) {
  const auto known = expressions().find(wanted.name);
  if (known == expressions().end()) invalid("unknown nftables expression " + wanted.name);
  nftnl_expr* expression = nftnl_expr_alloc(wanted.name.c_str());
  if (expression == nullptr) throw SysError(errno, "nftnl_expr_alloc", wanted.name);
  nftnl_rule_add_expr(rule, expression);  // the rule owns it from here
  for (const auto& [name, value] : wanted.attributes) {
    const auto attribute = known->second.find(name);
    if (attribute == known->second.end())
      invalid("unknown attribute " + name + " of nftables expression " + wanted.name);
    const auto [number, width] = attribute->second;
    const auto* whole = std::get_if<uint64_t>(&value);
    const auto* text = std::get_if<std::string>(&value);
    const auto* data = std::get_if<std::vector<uint8_t>>(&value);
    const bool fits = width == Width::kText   ? text != nullptr
                      : width == Width::kData ? data != nullptr
                                              : whole != nullptr;
    if (!fits) invalid("attribute " + name + " of nftables expression " + wanted.name + " has the wrong type");
    switch (width) {
      case Width::k8:
        nftnl_expr_set_u8(expression, number, static_cast<uint8_t>(*whole));
        break;
      case Width::k16:
        nftnl_expr_set_u16(expression, number, static_cast<uint16_t>(*whole));
        break;
      case Width::k32:
        nftnl_expr_set_u32(expression, number, static_cast<uint32_t>(*whole));
        break;
      case Width::kText:
        nftnl_expr_set_str(expression, number, text->c_str());
        break;
      case Width::kData: {
        if (wanted.name == "target") {
          // libnftnl takes over what it is given here, and frees it with the expression.
          void* copy = ::calloc(1, data->size());
          if (copy == nullptr) throw SysError(ENOMEM, "calloc");
          std::memcpy(copy, data->data(), data->size());
          nftnl_expr_set(expression, number, copy, static_cast<uint32_t>(data->size()));
        } else {
          if (data->empty() || data->size() > 64) invalid("attribute " + name + " has an invalid length");
          nftnl_expr_set(expression, number, data->data(), static_cast<uint32_t>(data->size()));
        }
        break;
      }
    }
  }
}

}  // namespace tscompose
