// SPDX-License-Identifier: Apache-2.0
#include "config/credential.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace ct::config {

std::string credential_or(const char* name, std::string path) {
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");  // NOLINT(concurrency-mt-unsafe): one thread
    if (folder == nullptr) return path;
    std::string credential = std::string(folder) + "/" + name;
    struct stat status{};
    const bool there = ::stat(credential.c_str(), &status) == 0 && status.st_size > 0;
    return there && ::access(credential.c_str(), R_OK) == 0 ? credential : path;
}

}  // namespace ct::config
