// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <iostream>
#include <string>

#include "base/fd.h"

namespace ct::test {

// A line in the log of this program, and on the descriptor that CT_COUNTS_FD names: who waits wants to see it.
inline void tell(const std::string& subject, const std::string& line) {
    std::cout << subject << ": " << line << std::endl;
    const char* fd = std::getenv("CT_COUNTS_FD");  // NOLINT(concurrency-mt-unsafe): one thread
    const std::string text = line + "\n";
    if (fd != nullptr)
        static_cast<void>(write_all(std::atoi(fd), text.data(), text.size()));  // NOLINT(cert-err34-c): ./dev says it
}

}  // namespace ct::test
