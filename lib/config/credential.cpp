// SPDX-License-Identifier: Apache-2.0
#include "config/credential.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/fd.h"

namespace ct::config {
namespace {

constexpr std::string_view kAbsent = "absent";

}  // namespace

std::string credential_or(const char* name, std::string path) {
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");  // NOLINT(concurrency-mt-unsafe): one thread
    if (folder == nullptr) return path;
    std::string credential = std::string(folder) + "/" + name;
    // Only as much as tells it from a key, which is longer: a key has no business in ordinary memory.
    struct stat status{};
    if (::stat(credential.c_str(), &status) != 0 || ::access(credential.c_str(), R_OK) != 0) return path;
    if (static_cast<std::size_t>(status.st_size) != kAbsent.size()) return credential;
    const auto text = read_file(credential, kAbsent.size());
    return text && *text == kAbsent ? path : credential;
}

}  // namespace ct::config
