// SPDX-License-Identifier: Apache-2.0
// A gate's decision, in words and in JSON.
#pragma once

#include "attest/judge/decision.h"
#include "clients/ctl/output.h"

namespace ct::ctl {

void tell(const judge::Decision& decision, Output& out);
void put(json::Writer& to, const judge::Decision& decision);

}  // namespace ct::ctl
