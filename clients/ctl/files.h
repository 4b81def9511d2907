// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "clients/libclient/files.h"

namespace ct::ctl {

using client::Existing;
using client::read_secret_file;
using client::write_file;

}  // namespace ct::ctl
