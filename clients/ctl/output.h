// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "clients/libclient/output.h"

namespace ct::ctl {

using client::duration_text;
using client::Output;
using client::printable;
using client::Table;
using client::time_text;

}  // namespace ct::ctl
