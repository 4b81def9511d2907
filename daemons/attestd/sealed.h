// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"

namespace ct::attestd {

// A memfd with these bytes that nobody can change any more, the receiver included: it may map it without copying.
Result<Fd> sealed_memfd(const char* name, ByteView bytes);

}  // namespace ct::attestd
