// SPDX-License-Identifier: Apache-2.0
#include "base/bind_now.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <vector>

#include "base/fd.h"

namespace ct {

Status bind_now() {
    const char* set = std::getenv("LD_BIND_NOW");  // NOLINT(concurrency-mt-unsafe): before there is a second thread
    if (set != nullptr && *set != '\0') return {};
    constexpr std::size_t kArguments = 1 << 20;
    auto line = read_file("/proc/self/cmdline", kArguments);
    if (!line) return std::unexpected(std::move(line).error());
    std::vector<char*> arguments;
    for (std::size_t at = 0; at < line->size(); at = line->find('\0', at) + 1)
        arguments.push_back(&(*line)[at]);
    arguments.push_back(nullptr);
    // By its path: started as /proc/self/exe it would be called "exe" from then on.
    std::array<char, 4096> path{};
    const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
    if (size <= 0) return fail_errno(Reason::io_failed, "readlink of /proc/self/exe");
    ::setenv("LD_BIND_NOW", "1", 1);  // NOLINT(concurrency-mt-unsafe): as above
    ::execv(path.data(), arguments.data());
    return fail_errno(Reason::io_failed, "start anew with LD_BIND_NOW=1");
}

}  // namespace ct
