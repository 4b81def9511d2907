// SPDX-License-Identifier: Apache-2.0
// A record as names and values, in the order in which both adapters write them. Private to this folder.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "audit/sink.h"

namespace ct::audit {

// event, outcome, reason, detail, then the record's fields: lower case, as in JSON.
std::vector<std::pair<std::string, std::string>> flatten(const Record& record);
// "session opened: failure: payments: caller_not_allowed: uid 1000"
std::string message(const Record& record);

}  // namespace ct::audit
