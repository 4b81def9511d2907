// SPDX-License-Identifier: Apache-2.0
#include "base/start_again.h"

#include <unistd.h>

#include <array>
#include <csignal>
#include <vector>

#include "base/fd.h"

namespace ct {

Error start_again() {
    constexpr std::size_t kArguments = 1 << 20;
    auto line = read_file("/proc/self/cmdline", kArguments);
    if (!line) return std::move(line).error();
    std::vector<char*> arguments;
    for (std::size_t at = 0; at < line->size(); at = line->find('\0', at) + 1)
        arguments.push_back(&(*line)[at]);
    arguments.push_back(nullptr);
    // By its path: started as /proc/self/exe it would be called "exe" from then on.
    std::array<char, 4096> path{};
    const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
    if (size <= 0) return {Reason::io_failed, "readlink of /proc/self/exe", errno};
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execv(path.data(), arguments.data());
    return {Reason::io_failed, std::string("starting ") + path.data() + " again", errno};
}

}  // namespace ct
