#pragma once

#include "core/nftables.h"

struct nftnl_rule;

namespace tscompose {

/// Appends the expression to a rule, which owns it then. Throws InputError INVALID for what is not in the table of what
/// rules may be made of.
void addExpression(nftnl_rule* rule, const NftExpression& wanted);

}  // namespace tscompose
