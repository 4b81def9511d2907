// SPDX-License-Identifier: Apache-2.0
// A page as it comes from the armory.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_memory.h"
#include "clients/run/armory.h"

namespace ct::run {

// Maps the page and checks that each entry is the string that it says, "NAME=value\0". malformed otherwise.
Result<SecretMapping> open_page(const Armed& armed);
ByteView value_of(const SecretMapping& page, const ArmedEntry& entry);

}  // namespace ct::run
