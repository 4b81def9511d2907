// SPDX-License-Identifier: Apache-2.0
#include "base/bind_now.h"

#include <cstdlib>

#include "base/start_again.h"

namespace ct {

Status bind_now() {
    const char* set = std::getenv("LD_BIND_NOW");  // NOLINT(concurrency-mt-unsafe): before there is a second thread
    if (set != nullptr && *set != '\0') return {};
    ::setenv("LD_BIND_NOW", "1", 1);  // NOLINT(concurrency-mt-unsafe): as above
    return std::unexpected(start_again());
}

}  // namespace ct
