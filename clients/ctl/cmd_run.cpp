// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <climits>

#include "clients/ctl/commands.h"

namespace ct::ctl {
namespace {

// Beside this program, as packages install them; a PATH could name something else.
std::string launcher() {
    char self[PATH_MAX];
    const ssize_t size = ::readlink("/proc/self/exe", self, sizeof self);
    const std::string_view path(self, size > 0 ? static_cast<std::size_t>(size) : 0);
    return std::string(path.substr(0, path.rfind('/') + 1)) + "cloudtaser-run";
}

}  // namespace

Status run(const std::vector<std::string>& arguments) {
    const std::string path = launcher();
    std::vector<char*> argv;
    argv.push_back(const_cast<char*>(path.c_str()));  // NOLINT: execv has no const
    for (const auto& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));  // NOLINT: as above
    argv.push_back(nullptr);
    ::execv(path.c_str(), argv.data());
    return fail_errno(Reason::target_not_found, path);
}

}  // namespace ct::ctl
